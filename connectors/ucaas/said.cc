#include "connectors/ucaas/said.h"

#include "connectors/ucaas/codes.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

constexpr std::string_view kColon = ": ";
constexpr std::string_view kOpen = "“";
constexpr std::string_view kClose = "”";

/// With marks of its own the target must not end our quotation early.
std::string WithPlainMarks(std::string_view words) {
  std::string out;
  for (std::size_t at = 0; at < words.size();) {
    const std::string_view rest = words.substr(at);
    const bool is_mark = rest.starts_with(kOpen) || rest.starts_with(kClose);
    out += is_mark ? '"' : rest.front();
    at += is_mark ? kOpen.size() : 1;
  }
  return out;
}

}  // namespace

std::string CodeOf(const CallResult& result) {
  std::string text(Name(result.verdict));
  if (result.http_status != 0) text += ", HTTP status " + std::to_string(result.http_status);
  if (!result.result.empty() && result.result != "1") text += ", result " + Shorten(result.result, 40);
  return text;
}

std::string ToldOf(const CallResult& result, std::string_view words) {
  constexpr std::size_t kColumns = 300;
  const bool is_quoted = !words.empty() || result.quotes_target;
  if (words.empty()) words = result.message;
  if (words.empty()) return CodeOf(result);
  if (!is_quoted) return std::string(words);
  std::string text = CodeOf(result);
  text += kColon;
  text += kOpen;
  text += WithPlainMarks(Shorten(words, kColumns));
  text += kClose;
  return text;
}

std::string WithoutQuotations(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find(kOpen, at);
    std::string_view before = text.substr(at, open == std::string_view::npos ? open : open - at);
    if (open != std::string_view::npos && before.ends_with(kColon)) before.remove_suffix(kColon.size());
    out += before;
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find(kClose, open);
    if (close == std::string_view::npos) break;
    at = close + kClose.size();
  }
  return out;
}

}  // namespace ucaas_sync::ucaas
