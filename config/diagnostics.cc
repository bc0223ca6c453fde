#include "config/diagnostics.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

std::uint64_t CountCharacters(std::string_view utf8) {
  // Continuation bytes (10xxxxxx) belong to the character before them.
  return static_cast<std::uint64_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

Location Text::At(std::size_t offset) const {
  Location place = at;
  if (columns_known && place.column != 0) {
    place.column += CountCharacters(std::string_view(value).substr(0, std::min(offset, value.size())));
  }
  return place;
}

void Diagnostics::Error(Location at, std::string what, std::string remedy) {
  errors_.push_back({std::move(at), std::move(what), std::move(remedy)});
}

void Diagnostics::Warning(Location at, std::string what, std::string remedy) {
  warnings_.push_back({std::move(at), std::move(what), std::move(remedy)});
}

std::vector<Problem> Diagnostics::errors() const {
  std::vector<Problem> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.at.file, a.at.line, a.at.column) < std::tie(b.at.file, b.at.line, b.at.column);
  });
  return sorted;
}

void Diagnostics::ThrowIfErrors() const {
  if (ok()) return;
  std::string message;
  for (const Problem& problem : errors()) message += problem.ToString() + '\n';
  message += Counted(errors_.size(), "problem") + " in the configuration; nothing was read or written";
  throw Failure(ExitCode::kConfig, message);
}

}  // namespace ucaas_sync::config
