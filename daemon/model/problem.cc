#include "daemon/model/problem.h"

namespace ucaas_sync {

std::string Location::ToString() const {
  std::string text = file;
  if (line != 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(line);
    if (column != 0) text += ':' + std::to_string(column);
  }
  return text;
}

std::string Problem::ToString() const {
  std::string text = at.ToString();
  if (!text.empty()) text += ": ";
  text += what;
  if (!remedy.empty()) text += "; " + remedy;
  return text;
}

}  // namespace ucaas_sync
