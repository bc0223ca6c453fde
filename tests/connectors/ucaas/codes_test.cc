// The table from what came back to what it means, cell by cell.
#include "connectors/ucaas/codes.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <utility>

namespace ucaas_sync::ucaas {
namespace {

config::Text At(std::uint64_t line, std::string value) {
  return {.value = std::move(value), .at = {.file = "config.yaml", .line = line, .column = 5}};
}

/// A cell: what arrived, and what it means for a create and for everything else.
struct Cell {
  int status;
  const char* result;  // nullptr: none
  Verdict create;
  Verdict other;
};

constexpr Verdict kOk = Verdict::kOk;
constexpr Verdict kRetry = Verdict::kRetry;
constexpr Verdict kDenied = Verdict::kDenied;
constexpr Verdict kDuplicate = Verdict::kDuplicate;
constexpr Verdict kMissing = Verdict::kMissing;
constexpr Verdict kInvalid = Verdict::kInvalid;
constexpr Verdict kUnknown = Verdict::kUnknown;

Evidence EvidenceOf(int status, const char* result, bool idempotent) {
  Evidence evidence;
  evidence.http_status = status;
  if (result != nullptr) {
    evidence.result = result;
    evidence.body_is_envelope = true;
  }
  evidence.idempotent = idempotent;
  return evidence;
}

void CheckCells(std::span<const Cell> cells) {
  const Codes codes = Codes::BuiltIn();
  for (const Cell& cell : cells) {
    CAPTURE(cell.status);
    CAPTURE(std::string(cell.result != nullptr ? cell.result : "no result"));
    CHECK(Name(codes.Judge(EvidenceOf(cell.status, cell.result, false))) == Name(cell.create));
    CHECK(Name(codes.Judge(EvidenceOf(cell.status, cell.result, true))) == Name(cell.other));
  }
}

TEST_CASE("the body's result decides before the HTTP status does") {
  const Cell cells[] = {
      {200, "1", kOk, kOk},
      {201, "1", kOk, kOk},
      {400, "1", kOk, kOk},
      {500, "1", kOk, kOk},
      {302, "1", kOk, kOk},
      {200, "1504", kDuplicate, kDuplicate},
      {406, "1504", kDuplicate, kDuplicate},
      {500, "1504", kDuplicate, kDuplicate},
      {200, "404", kMissing, kMissing},
      {404, "404", kMissing, kMissing},
      {200, "400", kInvalid, kInvalid},
      {200, "406", kInvalid, kInvalid},
      {500, "406", kInvalid, kInvalid},
      {200, "409", kDuplicate, kDuplicate},
      {200, "422", kInvalid, kInvalid},
      {200, "429", kRetry, kRetry},
      {200, "500", kUnknown, kRetry},
      {200, "502", kUnknown, kRetry},
      {200, "503", kRetry, kRetry},
      {200, "504", kUnknown, kRetry},
      {200, "401", kDenied, kDenied},
      {200, "403", kDenied, kDenied},
      {200, "1001", kDenied, kDenied},
      {200, "1002", kInvalid, kInvalid},
      {200, "1101", kInvalid, kInvalid},
      {200, "1105", kInvalid, kInvalid},
      {200, "1401", kInvalid, kInvalid},
      {200, "1403", kInvalid, kInvalid},
  };
  CheckCells(cells);
}

TEST_CASE("an error without a code, or with an unheard-of one, is told apart by the HTTP status") {
  const Cell cells[] = {
      {200, "0", kInvalid, kInvalid},    {401, "0", kDenied, kDenied},    {404, "0", kMissing, kMissing},
      {429, "0", kRetry, kRetry},        {500, "0", kUnknown, kRetry},    {503, "0", kRetry, kRetry},
      {200, "9999", kInvalid, kInvalid}, {200, "-1", kInvalid, kInvalid}, {200, "true", kInvalid, kInvalid},
      {503, "9999", kRetry, kRetry},     {500, "9999", kUnknown, kRetry}, {409, "9999", kDuplicate, kDuplicate},
      {200, "200", kInvalid, kInvalid},  {200, "10", kInvalid, kInvalid},
  };
  CheckCells(cells);
}

TEST_CASE("without an envelope the HTTP status decides, and a bare success proves nothing") {
  const Cell cells[] = {
      {200, nullptr, kUnknown, kRetry},   {201, nullptr, kUnknown, kRetry},
      {202, nullptr, kUnknown, kRetry},   {204, nullptr, kOk, kOk},
      {205, nullptr, kOk, kOk},           {301, nullptr, kDenied, kDenied},
      {302, nullptr, kUnknown, kRetry},   {303, nullptr, kUnknown, kRetry},
      {307, nullptr, kUnknown, kRetry},   {308, nullptr, kDenied, kDenied},
      {400, nullptr, kInvalid, kInvalid}, {401, nullptr, kDenied, kDenied},
      {402, nullptr, kInvalid, kInvalid}, {403, nullptr, kDenied, kDenied},
      {404, nullptr, kMissing, kMissing}, {405, nullptr, kInvalid, kInvalid},
      {406, nullptr, kInvalid, kInvalid}, {407, nullptr, kDenied, kDenied},
      {408, nullptr, kUnknown, kRetry},   {409, nullptr, kDuplicate, kDuplicate},
      {410, nullptr, kMissing, kMissing}, {413, nullptr, kInvalid, kInvalid},
      {421, nullptr, kRetry, kRetry},     {422, nullptr, kInvalid, kInvalid},
      {425, nullptr, kRetry, kRetry},     {429, nullptr, kRetry, kRetry},
      {500, nullptr, kUnknown, kRetry},   {501, nullptr, kUnknown, kRetry},
      {502, nullptr, kUnknown, kRetry},   {503, nullptr, kRetry, kRetry},
      {504, nullptr, kUnknown, kRetry},   {520, nullptr, kUnknown, kRetry},
      {0, nullptr, kUnknown, kRetry},
  };
  CheckCells(cells);
}

TEST_CASE("a success that lacks only its result, but has the payload, is a success") {
  Evidence evidence = EvidenceOf(200, nullptr, false);
  evidence.body_is_envelope = true;
  CHECK(Codes::BuiltIn().Judge(evidence) == kOk);
  evidence.http_status = 500;
  CHECK(Codes::BuiltIn().Judge(evidence) == kUnknown);
}

TEST_CASE("a web page that says not found is a gateway's and proves no absence") {
  Evidence evidence = EvidenceOf(404, nullptr, true);
  evidence.body_is_html = true;
  CHECK(Codes::BuiltIn().Judge(evidence) == kRetry);
  evidence.idempotent = false;
  CHECK(Codes::BuiltIn().Judge(evidence) == kUnknown);
}

TEST_CASE("the platform's error codes are read, unheard-of ones by the HTTP status") {
  const Codes codes = Codes::BuiltIn();
  const auto judge = [&codes](const char* word, int status, bool idempotent = true) {
    Evidence evidence = EvidenceOf(status, nullptr, idempotent);
    evidence.error_code = word;
    evidence.body_is_envelope = true;
    return codes.Judge(evidence);
  };
  CHECK(judge("RATE_LIMITED", 429) == kRetry);
  CHECK(judge("UNAUTHORIZED", 401) == kDenied);
  CHECK(judge("CREDENTIAL_EXPIRED", 401) == kDenied);
  CHECK(judge("PROJECT_SUSPENDED", 403) == kDenied);
  CHECK(judge("INVALID_PARAM", 400) == kInvalid);
  CHECK(judge("SOMETHING_NEW", 409) == kDuplicate);
  CHECK(judge("SOMETHING_NEW", 404) == kMissing);
  CHECK(judge("SOMETHING_NEW", 500) == kRetry);
  CHECK(judge("SOMETHING_NEW", 500, false) == kUnknown);
  CHECK(judge("SOMETHING_NEW", 200) == kInvalid);
}

TEST_CASE("each way in which an exchange fails has its meaning, for a create and for the rest") {
  struct Row {
    TransportOutcome outcome;
    Verdict create;
    Verdict other;
  };
  const Row rows[] = {
      {TransportOutcome::kNotResolved, kRetry, kRetry}, {TransportOutcome::kNotConnected, kRetry, kRetry},
      {TransportOutcome::kTls, kDenied, kDenied},       {TransportOutcome::kTimeout, kUnknown, kRetry},
      {TransportOutcome::kReset, kUnknown, kRetry},     {TransportOutcome::kTruncated, kUnknown, kRetry},
      {TransportOutcome::kTooLarge, kUnknown, kRetry},  {TransportOutcome::kAbandoned, kUnknown, kRetry},
  };
  const Codes codes = Codes::BuiltIn();
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.outcome));
    Evidence evidence;
    evidence.transport = row.outcome;
    evidence.idempotent = false;
    CHECK(codes.Judge(evidence) == row.create);
    evidence.idempotent = true;
    CHECK(codes.Judge(evidence) == row.other);
  }
}

TEST_CASE("a reply that broke off proves no success and no absence, but a refusal was heard") {
  const Codes codes = Codes::BuiltIn();
  Evidence evidence = EvidenceOf(204, nullptr, false);
  evidence.transport = TransportOutcome::kTruncated;
  CHECK(codes.Judge(evidence) == kUnknown);
  evidence.http_status = 404;
  CHECK(codes.Judge(evidence) == kUnknown);
  evidence.http_status = 429;
  CHECK(codes.Judge(evidence) == kRetry);
  evidence.http_status = 503;
  CHECK(codes.Judge(evidence) == kRetry);
}

TEST_CASE("with a token to renew, 401, 403 and 1001 ask for a new one") {
  const Codes codes = Codes::BuiltIn();
  for (const auto& [status, result] : {std::pair<int, const char*>{401, nullptr}, {403, nullptr}, {200, "1001"}}) {
    Evidence evidence = EvidenceOf(status, result, false);
    evidence.can_login = true;
    CHECK(codes.Judge(evidence) == Verdict::kRelogin);
  }
}

TEST_CASE("the configuration changes and adds codes, in whatever dress they are written") {
  config::TargetConfig target;
  target.result_codes = {{At(1, "1504"), At(1, "invalid")},
                         {At(2, " 7.0 "), At(2, "duplicate")},
                         {At(3, "404"), At(3, "invalid")},
                         {At(4, "OVER_QUOTA"), At(4, "denied")},
                         {At(5, "0"), At(5, "unknown")}};
  config::Diagnostics diagnostics;
  const Codes codes = Codes::From(target, diagnostics);
  CHECK(diagnostics.ok());
  CHECK(codes.Judge(EvidenceOf(200, "1504", true)) == kInvalid);
  CHECK(codes.Judge(EvidenceOf(200, "7", true)) == kDuplicate);
  CHECK(codes.Judge(EvidenceOf(404, nullptr, true)) == kInvalid);
  CHECK(codes.Judge(EvidenceOf(200, "0", false)) == kUnknown);
  CHECK(codes.Judge(EvidenceOf(200, "0", true)) == kRetry);
  Evidence evidence = EvidenceOf(403, nullptr, true);
  evidence.error_code = "OVER_QUOTA";
  CHECK(codes.Judge(evidence) == kDenied);
}

TEST_CASE("a verdict that is none, a code that is none and a success turned error are reported at their place") {
  config::TargetConfig target;
  target.result_codes = {{At(1, "1504"), At(1, "dupplicate")},
                         {At(2, "teapot!"), At(2, "ok")},
                         {At(3, "1"), At(3, "retry")},
                         {At(4, "1"), At(4, "ok")}};
  config::Diagnostics diagnostics;
  static_cast<void>(Codes::From(target, diagnostics));
  const auto errors = diagnostics.errors();
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].ToString() == "config.yaml:1:5: \"dupplicate\" is not a verdict; write duplicate");
  CHECK(errors[1].ToString() ==
        "config.yaml:2:5: \"teapot!\" is not a result code; write a number such as 1504, or a word such as "
        "RATE_LIMITED");
  CHECK(errors[2].ToString() ==
        "config.yaml:3:5: result 1 is the API's success and cannot mean retry; remove this line");
}

TEST_CASE("a code is a number or a word in capitals, and nothing else") {
  for (const char* wrong : {"", " ", "15-4", "1504a", "over_quota", "OVER-QUOTA", "OVER{QUOTA", "OVER QUOTA"}) {
    CAPTURE(std::string(wrong));
    config::TargetConfig target;
    target.result_codes = {{At(1, wrong), At(1, "retry")}};
    config::Diagnostics diagnostics;
    static_cast<void>(Codes::From(target, diagnostics));
    CHECK(diagnostics.errors().size() == 1);
  }
  config::TargetConfig target;
  target.result_codes = {{At(1, "QUOTA_2"), At(1, "retry")}, {At(2, "4711"), At(2, "retry")}};
  config::Diagnostics diagnostics;
  static_cast<void>(Codes::From(target, diagnostics));
  CHECK(diagnostics.ok());
}

TEST_CASE("a word that is like no verdict gets all of them named") {
  config::TargetConfig target;
  target.result_codes = {{At(1, "77"), At(1, "whatever-it-takes")}};
  config::Diagnostics diagnostics;
  static_cast<void>(Codes::From(target, diagnostics));
  const auto errors = diagnostics.errors();
  REQUIRE(errors.size() == 1);
  CHECK(
      errors[0].ToString() ==
      "config.yaml:1:5: \"whatever-it-takes\" is not a verdict; write ok, retry, relogin, denied, duplicate, missing, "
      "invalid or unknown");
}

TEST_CASE("the rows are in order, each with a meaning, and show what the configuration changed") {
  config::TargetConfig target;
  target.result_codes = {{At(1, "99"), At(1, "retry")}, {At(1, "1504"), At(1, "invalid")}};
  config::Diagnostics diagnostics;
  const auto rows = Codes::From(target, diagnostics).Rows();
  REQUIRE(rows.size() > 30);
  CHECK(rows[0].code == "0");
  CHECK(rows[1].code == "1");
  CHECK(rows[2].code == "99");
  CHECK(rows[2].meaning == "set in target.result_codes");
  CHECK(rows.back().code == "UNAUTHORIZED");
  for (const Codes::Row& row : rows) {
    CHECK_FALSE(row.meaning.empty());
    if (row.code == "1504") CHECK(row.other == kInvalid);
    if (row.code == "500") CHECK((row.create == kUnknown && row.other == kRetry));
    if (row.code == "1001") CHECK(row.create == Verdict::kRelogin);
  }
}

TEST_CASE("the built-in table has these rows and no others, each with its cell for a create and for the rest") {
  constexpr Verdict kRelogin = Verdict::kRelogin;
  const std::map<std::string, std::pair<Verdict, Verdict>> expected{{"0", {kInvalid, kInvalid}},
                                                                    {"1", {kOk, kOk}},
                                                                    {"204", {kOk, kOk}},
                                                                    {"205", {kOk, kOk}},
                                                                    {"301", {kDenied, kDenied}},
                                                                    {"308", {kDenied, kDenied}},
                                                                    {"400", {kInvalid, kInvalid}},
                                                                    {"401", {kRelogin, kRelogin}},
                                                                    {"403", {kRelogin, kRelogin}},
                                                                    {"404", {kMissing, kMissing}},
                                                                    {"406", {kInvalid, kInvalid}},
                                                                    {"407", {kDenied, kDenied}},
                                                                    {"409", {kDuplicate, kDuplicate}},
                                                                    {"410", {kMissing, kMissing}},
                                                                    {"421", {kRetry, kRetry}},
                                                                    {"422", {kInvalid, kInvalid}},
                                                                    {"425", {kRetry, kRetry}},
                                                                    {"429", {kRetry, kRetry}},
                                                                    {"500", {kUnknown, kRetry}},
                                                                    {"502", {kUnknown, kRetry}},
                                                                    {"503", {kRetry, kRetry}},
                                                                    {"504", {kUnknown, kRetry}},
                                                                    {"1001", {kRelogin, kRelogin}},
                                                                    {"1002", {kInvalid, kInvalid}},
                                                                    {"1101", {kInvalid, kInvalid}},
                                                                    {"1102", {kInvalid, kInvalid}},
                                                                    {"1103", {kInvalid, kInvalid}},
                                                                    {"1104", {kInvalid, kInvalid}},
                                                                    {"1105", {kInvalid, kInvalid}},
                                                                    {"1401", {kInvalid, kInvalid}},
                                                                    {"1402", {kInvalid, kInvalid}},
                                                                    {"1403", {kInvalid, kInvalid}},
                                                                    {"1504", {kDuplicate, kDuplicate}},
                                                                    {"CREDENTIAL_EXPIRED", {kRelogin, kRelogin}},
                                                                    {"INVALID_PARAM", {kInvalid, kInvalid}},
                                                                    {"PROJECT_SUSPENDED", {kDenied, kDenied}},
                                                                    {"RATE_LIMITED", {kRetry, kRetry}},
                                                                    {"UNAUTHORIZED", {kRelogin, kRelogin}}};
  const Codes codes = Codes::BuiltIn();
  CHECK(codes.Rows().size() == expected.size());
  for (const Codes::Row& row : codes.Rows()) {
    CAPTURE(row.code);
    REQUIRE(expected.contains(row.code));
    CHECK(Name(row.create) == Name(expected.at(row.code).first));
    CHECK(Name(row.other) == Name(expected.at(row.code).second));
  }
  // The same row is read from each of the three places that may say it.
  for (const auto& [code, verdicts] : expected) {
    const auto& this_code = code;
    CAPTURE(this_code);
    for (const bool is_create : {true, false}) {
      const Verdict wanted = is_create ? verdicts.first : verdicts.second;
      Evidence by_result = EvidenceOf(200, code.c_str(), !is_create);
      Evidence by_word = EvidenceOf(200, nullptr, !is_create);
      by_word.error_code = code;
      for (Evidence* evidence : {&by_result, &by_word}) {
        evidence->can_login = true;
        CHECK(Name(codes.Judge(*evidence)) == Name(wanted));
      }
      const int status = std::atoi(code.c_str());
      if (status < 100 || status >= 1000) continue;
      Evidence by_status = EvidenceOf(status, nullptr, !is_create);
      by_status.can_login = true;
      CHECK(Name(codes.Judge(by_status)) == Name(wanted));
    }
  }
}

TEST_CASE("what has no code is shown beside the codes, each with what it means for a create and for the rest") {
  const std::map<std::string, std::pair<Verdict, Verdict>> expected{
      {"2xx", {kUnknown, kRetry}},      {"3xx", {kUnknown, kRetry}},      {"4xx", {kInvalid, kInvalid}},
      {"5xx", {kUnknown, kRetry}},      {"404 page", {kUnknown, kRetry}}, {"resolve", {kRetry, kRetry}},
      {"connect", {kRetry, kRetry}},    {"tls", {kDenied, kDenied}},      {"login", {kDenied, kDenied}},
      {"timeout", {kUnknown, kRetry}},  {"reset", {kUnknown, kRetry}},    {"cut off", {kUnknown, kRetry}},
      {"too large", {kUnknown, kRetry}}};
  const auto rows = Codes::BuiltIn().Others();
  CHECK(rows.size() == expected.size());
  for (const Codes::Row& row : rows) {
    CAPTURE(row.code);
    REQUIRE(expected.contains(row.code));
    CHECK(row.create == expected.at(row.code).first);
    CHECK(row.other == expected.at(row.code).second);
    CHECK_FALSE(row.meaning.empty());
  }
}

TEST_CASE("requests that come too fast are known by the status, the result and the platform's word") {
  CHECK(AsksForPause(429, ""));
  CHECK(AsksForPause(200, "429"));
  CHECK(AsksForPause(200, "RATE_LIMITED"));
  CHECK_FALSE(AsksForPause(503, "503"));
  CHECK_FALSE(AsksForPause(200, "1"));
}

}  // namespace
TEST_CASE("what was not sent, or is said to have done nothing, has not acted, and whatever else may have") {
  const Codes codes = Codes::BuiltIn();
  for (const bool idempotent : {true, false}) {
    CAPTURE(idempotent);
    const auto acted = [&](TransportOutcome transport, int status = 0) {
      Evidence evidence;
      evidence.transport = transport;
      evidence.http_status = status;
      evidence.idempotent = idempotent;
      return codes.MayHaveActed(evidence);
    };
    CHECK_FALSE(acted(TransportOutcome::kNotResolved));
    CHECK_FALSE(acted(TransportOutcome::kNotConnected));
    CHECK_FALSE(acted(TransportOutcome::kTls));
    CHECK_FALSE(acted(TransportOutcome::kNotLoggedIn));
    CHECK_FALSE(acted(TransportOutcome::kTruncated, 503));
    for (const int status : {401, 404, 409, 422, 425, 429, 503}) CHECK_FALSE(acted(TransportOutcome::kReply, status));
    CHECK(acted(TransportOutcome::kTimeout));
    CHECK(acted(TransportOutcome::kReset));
    CHECK(acted(TransportOutcome::kTruncated, 200));
    CHECK(acted(TransportOutcome::kTooLarge));
    CHECK(acted(TransportOutcome::kAbandoned));
    for (const int status : {200, 204, 302, 408, 500, 502, 504, 599}) CHECK(acted(TransportOutcome::kReply, status));
  }
}

}  // namespace ucaas_sync::ucaas
