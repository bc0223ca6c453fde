#include "connectors/ucaas/sandbox/faults.h"

#include <array>
#include <charconv>
#include <span>

#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr std::array<std::string_view, 4> kMethods{"GET", "POST", "PATCH", "DELETE"};
constexpr std::string_view kShape = "write it like \"POST users: 500 5%\" or \"*: delay 50ms #1-10\"";

struct Word {
  std::string_view text;
  std::size_t offset = 0;
};

/// Splits at blanks; what stands in double quotes is one word, without them.
std::vector<Word> Words(std::string_view text, std::size_t base) {
  std::vector<Word> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
      continue;
    }
    const bool quoted = text[at] == '"';
    const std::size_t begin = quoted ? at + 1 : at;
    std::size_t end = text.find_first_of(quoted ? "\"" : " \t", begin);
    if (end == std::string_view::npos) end = text.size();
    words.push_back({text.substr(begin, end - begin), base + begin});
    at = quoted ? end + 1 : end;
  }
  return words;
}

Problem ProblemAt(std::size_t offset, std::string what, std::string remedy = std::string(kShape)) {
  return {{.file = {}, .line = 1, .column = offset + 1}, std::move(what), std::move(remedy)};
}

std::optional<double> ParseDecimal(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> ParseDelay(std::string_view text) {
  std::uint64_t unit = 0;
  if (text.ends_with("ms")) {
    unit = 1;
    text.remove_suffix(2);
  } else if (text.ends_with("s")) {
    unit = 1000;
    text.remove_suffix(1);
  } else {
    return std::nullopt;
  }
  const auto number = ParseUnsigned(text);
  constexpr std::uint64_t kHour = 3'600'000;
  if (!number || *number > kHour) return std::nullopt;
  return std::chrono::milliseconds(*number * unit);
}

/// "#3", "#3-7", "#3-"
bool ParseWhen(std::string_view text, FaultRule& rule) {
  if (text.ends_with('%')) {
    const auto percent = ParseDecimal(text.substr(0, text.size() - 1));
    if (!percent || !(*percent >= 0 && *percent <= 100)) return false;
    rule.probability = *percent / 100;
    return true;
  }
  if (!text.starts_with('#')) return false;
  text.remove_prefix(1);
  const std::size_t dash = text.find('-');
  const auto first = ParseUnsigned(text.substr(0, dash));
  if (!first || *first == 0) return false;
  rule.first = *first;
  rule.last = *first;
  if (dash == std::string_view::npos) return true;
  const std::string_view rest = text.substr(dash + 1);
  rule.last = UINT64_MAX;
  if (rest.empty()) return true;
  const auto last = ParseUnsigned(rest);
  if (!last || *last < *first) return false;
  rule.last = *last;
  return true;
}

std::optional<Problem> ParseTarget(std::span<const Word> words, FaultRule& rule) {
  std::size_t next = 0;
  for (const std::string_view method : kMethods) {
    if (next < words.size() && words[next].text == method) {
      rule.method = method;
      ++next;
      break;
    }
  }
  // A single star is both "any method" and "any route".
  if (next == 0 && words.size() > 1 && words[0].text == "*") next = 1;
  if (next < words.size()) {
    const std::string_view route = words[next].text;
    if (route.find_first_not_of("abcdefghijklmnopqrstuvwxyz{}/-*?") != std::string_view::npos) {
      return ProblemAt(words[next].offset, "\"" + Printable(route) + "\" is neither a method nor a route");
    }
    if (route != "*") rule.route = route;
    ++next;
  }
  if (next < words.size()) {
    return ProblemAt(words[next].offset, "\"" + Printable(words[next].text) + "\" stands where a colon is expected");
  }
  return std::nullopt;
}

/// The word after `words[at]` as the argument of that one, or a problem that says what is missing.
std::variant<std::string_view, Problem> Argument(std::span<const Word> words, std::size_t at,
                                                 std::string_view example) {
  if (at + 1 < words.size()) return words[at + 1].text;
  return ProblemAt(words[at].offset, "\"" + std::string(words[at].text) + "\" needs a value",
                   "write for example \"" + std::string(example) + "\"");
}

std::optional<Problem> ParseEffect(std::span<const Word> words, FaultRule& rule) {
  const Word& what = words[0];
  std::size_t next = 1;
  if (what.text == "close") {
    rule.what = FaultWhat::kClose;
  } else if (what.text == "truncate") {
    rule.what = FaultWhat::kTruncate;
    rule.moment = FaultMoment::kAfterEffect;
  } else if (what.text == "delay") {
    rule.what = FaultWhat::kDelay;
    const auto argument = Argument(words, 0, "delay 50ms");
    if (const auto* problem = std::get_if<Problem>(&argument)) return *problem;
    const auto delay = ParseDelay(std::get<std::string_view>(argument));
    if (!delay) return ProblemAt(words[1].offset, "the delay is not understood", "write for example 50ms or 2s");
    rule.delay = *delay;
    next = 2;
  } else {
    const auto status = ParseUnsigned(what.text);
    if (!status || *status < 200 || *status > 599) {
      return ProblemAt(what.offset, "\"" + Printable(what.text) + "\" is not a fault",
                       "write a status from 200 to 599, close, truncate, or delay 50ms");
    }
    rule.what = FaultWhat::kStatus;
    rule.status = static_cast<int>(*status);
  }
  for (; next < words.size(); ++next) {
    const Word& word = words[next];
    const bool is_status = rule.what == FaultWhat::kStatus;
    if (word.text == "after") {
      rule.moment = FaultMoment::kAfterEffect;
    } else if (is_status && word.text == "html") {
      rule.body = FaultBody::kHtml;
    } else if (is_status && word.text == "empty") {
      rule.body = FaultBody::kEmpty;
    } else if (is_status && word.text == "retry-after") {
      const auto argument = Argument(words, next, "429 retry-after 2");
      if (const auto* problem = std::get_if<Problem>(&argument)) return *problem;
      rule.retry_after = std::get<std::string_view>(argument);
      if (!IsAscii(rule.retry_after) || rule.retry_after != Printable(rule.retry_after)) {
        return ProblemAt(words[next + 1].offset, "this cannot stand in a header", "write seconds or an HTTP date");
      }
      ++next;
    } else if (!ParseWhen(word.text, rule)) {
      return ProblemAt(word.offset, "\"" + Printable(word.text) + "\" is not understood here",
                       "write when it strikes: 5%, #3, #3-7; or \"after\", for when the effect is done");
    }
  }
  return std::nullopt;
}

}  // namespace

std::variant<FaultRule, Problem> ParseFault(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return ProblemAt(text.size(), "there is no colon between requests and fault");
  const std::vector<Word> target = Words(text.substr(0, colon), 0);
  const std::vector<Word> effect = Words(text.substr(colon + 1), colon + 1);
  if (target.empty()) return ProblemAt(0, "it does not say which requests", "write * for all of them");
  if (effect.empty()) return ProblemAt(text.size(), "it does not say what goes wrong");
  FaultRule rule;
  if (auto problem = ParseTarget(target, rule)) return *std::move(problem);
  if (auto problem = ParseEffect(effect, rule)) return *std::move(problem);
  return rule;
}

}  // namespace ucaas_sync::sandbox
