#include "connectors/ucaas/codes.h"

#include <algorithm>
#include <array>

#include "connectors/ucaas/envelope.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

constexpr std::string_view kSuccess = "1";
constexpr std::string_view kUnspecifiedError = "0";

constexpr std::array<Verdict, 8> kAllVerdicts{Verdict::kOk,      Verdict::kRetry,     Verdict::kRelogin,
                                              Verdict::kDenied,  Verdict::kDuplicate, Verdict::kMissing,
                                              Verdict::kInvalid, Verdict::kUnknown};

struct BuiltInCode {
  std::string_view code;
  Verdict verdict;
  std::string_view meaning;
};

// One table for `result`, `error_code` and the HTTP status: the API's own documentation does not tell them apart.
// "unknown" means that a create is looked up before it is sent again; everything else is simply repeated.
constexpr std::array kBuiltIn = std::to_array<BuiltInCode>({
    {"1", Verdict::kOk, "success"},
    {"0", Verdict::kInvalid, "error without a code (with an HTTP error status, that status decides)"},
    {"204", Verdict::kOk, "success, nothing to show"},
    {"205", Verdict::kOk, "success, nothing to show"},
    {"301", Verdict::kDenied, "moved for good: target.base_url is wrong (never followed)"},
    {"308", Verdict::kDenied, "moved for good: target.base_url is wrong (never followed)"},
    {"400", Verdict::kInvalid, "bad request"},
    {"401", Verdict::kRelogin, "not authenticated"},
    {"403", Verdict::kRelogin, "token expired, or not allowed"},
    {"404", Verdict::kMissing, "not found"},
    {"406", Verdict::kInvalid, "validation failed"},
    {"407", Verdict::kDenied, "the proxy wants credentials"},
    {"409", Verdict::kDuplicate, "exists already"},
    {"410", Verdict::kMissing, "gone"},
    {"421", Verdict::kRetry, "sent to the wrong server"},
    {"422", Verdict::kInvalid, "validation failed"},
    {"425", Verdict::kRetry, "too early"},
    {"429", Verdict::kRetry, "too many requests"},
    {"500", Verdict::kUnknown, "internal server error"},
    {"502", Verdict::kUnknown, "bad gateway"},
    {"503", Verdict::kRetry, "service unavailable"},
    {"504", Verdict::kUnknown, "gateway timeout"},
    {"1001", Verdict::kRelogin, "token not valid"},
    {"1002", Verdict::kInvalid, "request invalid"},
    {"1101", Verdict::kInvalid, "page not valid"},
    {"1102", Verdict::kInvalid, "page_length not valid"},
    {"1103", Verdict::kInvalid, "search_by not valid"},
    {"1104", Verdict::kInvalid, "order_by not valid"},
    {"1105", Verdict::kInvalid, "order_qualify not valid"},
    {"1401", Verdict::kInvalid, "application type missing"},
    {"1402", Verdict::kInvalid, "application type is not text"},
    {"1403", Verdict::kInvalid, "application type not valid"},
    {"1504", Verdict::kDuplicate, "duplicate data: the e-mail is registered already"},
    {"CREDENTIAL_EXPIRED", Verdict::kRelogin, "credential expired"},
    {"INVALID_PARAM", Verdict::kInvalid, "parameter not valid"},
    {"PROJECT_SUSPENDED", Verdict::kDenied, "the project is suspended"},
    {"RATE_LIMITED", Verdict::kRetry, "too many requests"},
    {"UNAUTHORIZED", Verdict::kRelogin, "not authenticated"},
});

/// A number, or an UPPER_SNAKE word.
bool IsCode(std::string_view code) {
  if (code.empty()) return false;
  return std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; }) ||
         std::all_of(code.begin(), code.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool IsErrorStatus(int status) {
  return status >= 300;
}

}  // namespace

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kRetry:
      return "retry";
    case Verdict::kRelogin:
      return "relogin";
    case Verdict::kDenied:
      return "denied";
    case Verdict::kDuplicate:
      return "duplicate";
    case Verdict::kMissing:
      return "missing";
    case Verdict::kInvalid:
      return "invalid";
    case Verdict::kUnknown:
      return "unknown";
  }
  return "";
}

std::optional<Verdict> VerdictNamed(std::string_view name) {
  for (const Verdict verdict : kAllVerdicts) {
    if (Name(verdict) == name) return verdict;
  }
  return std::nullopt;
}

bool AsksForPause(int http_status, std::string_view code) {
  return http_status == 429 || code == "429" || code == "RATE_LIMITED";
}

Codes Codes::BuiltIn() {
  Codes codes;
  for (const auto& [code, verdict, meaning] : kBuiltIn)
    codes.by_result_.try_emplace(std::string(code), verdict, meaning);
  return codes;
}

Codes Codes::From(const config::TargetConfig& target, config::Diagnostics& diagnostics) {
  Codes codes = BuiltIn();
  for (const auto& [code, word] : target.result_codes) {
    const std::string normal = NormalCode(code.value);
    if (!IsCode(normal)) {
      diagnostics.Error(code.at, "\"" + Printable(code.value) + "\" is not a result code",
                        "write a number such as 1504, or a word such as RATE_LIMITED");
      continue;
    }
    const auto verdict = VerdictNamed(word.value);
    if (!verdict) {
      std::vector<std::string_view> names;
      for (const Verdict known : kAllVerdicts) names.push_back(Name(known));
      const auto nearest = Nearest(word.value, names);
      diagnostics.Error(word.at, "\"" + Printable(word.value) + "\" is not a verdict",
                        nearest ? "write " + std::string(*nearest)
                                : "write ok, retry, relogin, denied, duplicate, missing, invalid or unknown");
      continue;
    }
    if (normal == kSuccess && *verdict != Verdict::kOk) {
      diagnostics.Error(word.at, "result 1 is the API's success and cannot mean " + word.value, "remove this line");
      continue;
    }
    auto& row = codes.by_result_[normal];
    row.first = *verdict;
    row.second += row.second.empty() ? "set in target.result_codes" : " (set in target.result_codes)";
  }
  return codes;
}

std::optional<Verdict> Codes::Find(std::string_view code) const {
  const auto row = by_result_.find(code);
  if (row == by_result_.end()) return std::nullopt;
  return row->second.first;
}

Verdict Codes::Judge(const Evidence& evidence) const {
  const Verdict verdict = ByTable(evidence);
  if (verdict == Verdict::kUnknown && evidence.idempotent) return Verdict::kRetry;
  if (verdict == Verdict::kRelogin && !evidence.can_login) return Verdict::kDenied;
  return verdict;
}

bool Codes::MayHaveActed(Evidence evidence) const {
  evidence.idempotent = false;
  const Verdict verdict = Judge(evidence);
  return verdict == Verdict::kOk || verdict == Verdict::kUnknown;
}

Verdict Codes::ByTable(const Evidence& evidence) const {
  switch (evidence.transport) {
    case TransportOutcome::kReply:
      break;
    case TransportOutcome::kNotResolved:
    case TransportOutcome::kNotConnected:
      return Verdict::kRetry;  // Nothing was sent.
    case TransportOutcome::kTls:
    case TransportOutcome::kNotLoggedIn:
      return Verdict::kDenied;
    case TransportOutcome::kTimeout:
    case TransportOutcome::kReset:
    case TransportOutcome::kTruncated:
    case TransportOutcome::kTooLarge:
      // "Too many requests" and "unavailable" were said before the reply broke off: nothing was done.
      if (evidence.http_status == 429 || evidence.http_status == 503) return ByStatus(evidence);
      return Verdict::kUnknown;
    case TransportOutcome::kAbandoned:
      return Verdict::kUnknown;
  }
  if (evidence.result) return ByResult(evidence);
  if (!evidence.error_code.empty()) {
    if (const auto verdict = Find(evidence.error_code)) return *verdict;
    return IsErrorStatus(evidence.http_status) ? ByStatus(evidence) : Verdict::kInvalid;
  }
  return ByStatus(evidence);
}

Verdict Codes::ByResult(const Evidence& evidence) const {
  const std::string& result = *evidence.result;
  if (result == kSuccess) return Verdict::kOk;
  if (result != kUnspecifiedError) {
    if (const auto verdict = Find(result)) return *verdict;
  }
  if (IsErrorStatus(evidence.http_status)) return ByStatus(evidence);
  return Find(result).value_or(Verdict::kInvalid);
}

Verdict Codes::ByStatus(const Evidence& evidence) const {
  const int status = evidence.http_status;
  // Below 100 there was no status, and a `result` of that number is something else.
  if (const auto verdict = status >= 100 ? Find(std::to_string(status)) : std::nullopt) {
    if (*verdict == Verdict::kMissing && evidence.body_is_html) return Verdict::kUnknown;
    return *verdict;
  }
  if (status >= 200 && status < 300) return evidence.body_is_envelope ? Verdict::kOk : Verdict::kUnknown;
  if (status >= 400 && status < 500 && status != 408) return Verdict::kInvalid;
  return Verdict::kUnknown;  // Other redirects, 408, 5xx: whether anything was done cannot be told.
}

Codes::Row Codes::RowFor(std::string code, std::string meaning, Evidence evidence) const {
  evidence.can_login = true;
  evidence.idempotent = false;
  const Verdict create = Judge(evidence);
  evidence.idempotent = true;
  return {.code = std::move(code), .create = create, .other = Judge(evidence), .meaning = std::move(meaning)};
}

std::vector<Codes::Row> Codes::Others() const {
  struct Other {
    const char* word;
    TransportOutcome transport;
    int http_status;
    bool is_html;
    const char* meaning;
  };
  constexpr TransportOutcome kReply = TransportOutcome::kReply;
  static constexpr std::array kOthers = std::to_array<Other>({
      {"2xx", kReply, 299, false, "another success without the API's envelope (empty, a web page, cut JSON)"},
      {"3xx", kReply, 399, false, "another redirect: never followed"},
      {"4xx", kReply, 499, false, "another refusal"},
      {"5xx", kReply, 599, false, "another failure"},
      {"404 page", kReply, 404, true, "not found, said by a web page and not by the API"},
      {"resolve", TransportOutcome::kNotResolved, 0, false, "the name does not resolve: nothing was sent"},
      {"connect", TransportOutcome::kNotConnected, 0, false, "refused, unreachable, no token yet: nothing was sent"},
      {"tls", TransportOutcome::kTls, 0, false, "certificate, host name or handshake: nothing was sent"},
      {"login", TransportOutcome::kNotLoggedIn, 0, false, "the target refuses the login: nothing was sent"},
      {"timeout", TransportOutcome::kTimeout, 0, false, "sent, and no whole reply in time"},
      {"reset", TransportOutcome::kReset, 0, false, "sent, and the connection broke before a reply"},
      {"cut off", TransportOutcome::kTruncated, 200, false, "the reply broke off, cannot be unpacked or is not HTTP"},
      {"too large", TransportOutcome::kTooLarge, 200, false, "the reply is larger than is accepted"},
  });
  std::vector<Row> rows;
  rows.reserve(kOthers.size());
  for (const Other& other : kOthers) {
    Evidence evidence;
    evidence.transport = other.transport;
    evidence.http_status = other.http_status;
    evidence.body_is_html = other.is_html;
    rows.push_back(RowFor(other.word, other.meaning, std::move(evidence)));
  }
  return rows;
}

std::vector<Codes::Row> Codes::Rows() const {
  std::vector<Row> rows;
  rows.reserve(by_result_.size());
  for (const auto& [code, entry] : by_result_) {
    Evidence evidence;
    evidence.result = code;
    rows.push_back(RowFor(code, entry.second, std::move(evidence)));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    const auto left = ParseUnsigned(a.code);
    const auto right = ParseUnsigned(b.code);
    if (left && right) return *left < *right;
    if (left.has_value() != right.has_value()) return left.has_value();
    return a.code < b.code;
  });
  return rows;
}

}  // namespace ucaas_sync::ucaas
