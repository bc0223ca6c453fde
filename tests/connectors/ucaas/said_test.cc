// The target's own words are told apart from ours, and can be left out.
#include "connectors/ucaas/said.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace ucaas_sync::ucaas {
namespace {

CallResult Answered(Verdict verdict, int http_status, std::string message) {
  CallResult result;
  result.verdict = verdict;
  result.http_status = http_status;
  result.message = std::move(message);
  return result;
}

CallResult Refused(std::string words) {
  CallResult result = Answered(Verdict::kInvalid, 406, std::move(words));
  result.result = "406";
  result.quotes_target = true;
  return result;
}

}  // namespace

TEST_CASE("what the target says is quoted after the code, and the code alone is left without it") {
  const std::string told = ToldOf(Refused("Ada Lovelace is locked"));
  CHECK(told == "invalid, HTTP status 406, result 406: “Ada Lovelace is locked”");
  CHECK(WithoutQuotations(told) == CodeOf(Refused("Ada Lovelace is locked")));
  CHECK(
      WithoutQuotations("3 of 4 failed: " + told + "; group removals wait: “all” " + told + '.') ==
      "3 of 4 failed: invalid, HTTP status 406, result 406; group removals wait invalid, HTTP status 406, result 406.");
}

TEST_CASE("words of this program's own stand alone, others that are given are quoted") {
  const CallResult redirected = Answered(Verdict::kUnknown, 301, "HTTP 301: redirects");
  CHECK(ToldOf(redirected) == "HTTP 301: redirects");
  CHECK(ToldOf(Answered(Verdict::kRetry, 500, {})) == "retry, HTTP status 500");
  CHECK(ToldOf(redirected, "the members of group Ada could not be read") ==
        "unknown, HTTP status 301: “the members of group Ada could not be read”");
}

TEST_CASE("quotation marks of the target's own do not end the quotation, nor does one that is cut off show anything") {
  const std::string told = ToldOf(Refused("“Ada” Lovelace ”is” locked"));
  CHECK(told.ends_with(": “\"Ada\" Lovelace \"is\" locked”"));
  CHECK(WithoutQuotations(told) == "invalid, HTTP status 406, result 406");
  CHECK(WithoutQuotations("partial: “Ada Love…") == "partial");
  CHECK(WithoutQuotations("nothing is quoted: here") == "nothing is quoted: here");
  CHECK(WithoutQuotations(ToldOf(Refused(std::string(1000, 'x'))) + '.') == "invalid, HTTP status 406, result 406.");
}

}  // namespace ucaas_sync::ucaas
