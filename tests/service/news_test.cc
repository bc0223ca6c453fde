#include "daemon/service/news.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ucaas_sync::service {
namespace {

struct End {
  // NOLINTNEXTLINE(google-explicit-constructor): a run that is nothing but its code is written as such
  End(ExitCode how, std::uint64_t aside = 0, std::uint64_t open = 0, std::uint64_t not_begun = 0)
      : code(how), set_aside(aside), unfinished(open), left(not_begun) {}
  ExitCode code;
  std::uint64_t set_aside;
  std::uint64_t unfinished;
  std::uint64_t left;
};

/// The events that a series of runs makes, "-" for none.
std::string Told(std::initializer_list<End> ends, std::optional<News::Before> before = {}) {
  News news("hr1", before);
  std::string told;
  std::uint32_t failures = 0;
  for (const End& end : ends) {
    const bool fails = end.code == ExitCode::kSource || end.code == ExitCode::kRefused ||
                       end.code == ExitCode::kUnavailable || end.code == ExitCode::kError;
    failures = fails ? failures + 1 : 0;
    const auto notice = news.After({.run = "R",
                                    .code = end.code,
                                    .message = "why",
                                    .set_aside = end.set_aside,
                                    .left = end.left,
                                    .unfinished = end.unfinished,
                                    .inventory = {}},
                                   failures);
    told += (told.empty() ? "" : " ") + (notice ? notice->event : "-");
  }
  return told;
}

constexpr auto kOk = ExitCode::kConverged;
constexpr auto kHeld = ExitCode::kHeld;
constexpr auto kDown = ExitCode::kUnavailable;
constexpr auto kSource = ExitCode::kSource;
const End kSetAside(ExitCode::kPartial, 1);
const End kSomeFailed(ExitCode::kPartial, 0, 1);
const End kStopped(ExitCode::kPartial, 4, 5, 5);

}  // namespace

TEST_CASE("each change of state is told once") {
  CHECK(Told({kOk, kOk, kHeld, kHeld, kOk, kOk}) == "- - held - recovered -");
  CHECK(Told({kSource, kSource, kOk}) == "failed - recovered");
  CHECK(Told({kSource, ExitCode::kRefused, kSource, kHeld}) == "failed failed failed held");
}

TEST_CASE("a moment's outage is told to nobody, a longer one is") {
  CHECK(Told({kOk, kDown, kOk}) == "- - -");
  CHECK(Told({kOk, kDown, kDown, kDown, kOk}) == "- - failed - recovered");
}

TEST_CASE("whoever is newly set aside is told each time, and ends a failure too") {
  CHECK(Told({kSetAside, kSetAside, kOk}) == "quarantine quarantine -");
  CHECK(Told({kSource, kSetAside, kOk}) == "failed quarantine -");
}

TEST_CASE("who fails for the moment is told once, and ends no failure that was told") {
  CHECK(Told({kSomeFailed, kSomeFailed, kOk, kSomeFailed}) == "quarantine - - quarantine");
  CHECK(Told({kDown, kDown, kSomeFailed, kDown, kDown, kOk}) == "- failed - - - recovered");
}

TEST_CASE("a run that stopped is told as a failure, once while each next one stops too") {
  CHECK(Told({kStopped, kStopped, kStopped, kOk}) == "failed - - recovered");
  CHECK(Told({kStopped, kStopped, kSetAside, kOk}) == "failed - quarantine -");
  CHECK(Told({kStopped, kOk}, News::Before{.code = ExitCode::kPartial, .left = 5}) == "- recovered");
  News news("hr1", {});
  const auto notice = news.After({.run = "R",
                                  .code = ExitCode::kPartial,
                                  .message = "4 of the first 10 operations failed",
                                  .set_aside = 4,
                                  .left = 5,
                                  .unfinished = 5,
                                  .inventory = {}},
                                 0);
  REQUIRE(notice);
  CHECK(notice->subject == "ucaas-sync on hr1: not up to date: too many changes failed");
  CHECK(notice->text.find("5 changes are left") != std::string::npos);
  CHECK(notice->text.find("up to date") == std::string::npos);
}

TEST_CASE("a restart does not tell again what was told before it") {
  CHECK(Told({kHeld, kOk}, News::Before{.code = kHeld}) == "- recovered");
  CHECK(Told({kSource, kOk}, News::Before{.code = kSource}) == "- recovered");
  CHECK(Told({ExitCode::kBusy, kHeld}, News::Before{.code = kHeld}) == "- -");
}

TEST_CASE("a target that fails on after a restart is told, and so is one that is well by then") {
  CHECK(Told({kDown, kDown, kDown, kOk}, News::Before{.code = kDown}) == "- failed - recovered");
  CHECK(Told({kOk, kOk}, News::Before{.code = kDown}) == "recovered -");
  CHECK(Told({kDown, kOk, kDown, kOk}, News::Before{.code = kDown}) == "- recovered - -");
  CHECK(Told({kSomeFailed, kOk}, News::Before{.code = kDown}) == "- recovered");
  CHECK(Told({kSetAside, kOk}, News::Before{.code = kDown}) == "quarantine -");
  CHECK(Told({kHeld, kOk}, News::Before{.code = kDown}) == "held recovered");
}

TEST_CASE("what was told before a restart is what the service's runs came to, without a moment's outage") {
  const auto ran = [](std::optional<ExitCode> outcome, std::string trigger = "change") {
    RunRecord run;
    run.outcome = outcome;
    run.trigger = std::move(trigger);
    return run;
  };
  const auto before = [](std::vector<RunRecord> runs) {
    const auto told = News::BeforeOf(runs);
    return told ? std::string(Word(told->code)) : "nothing";
  };
  CHECK(before({}) == "nothing");
  CHECK(before({ran(kHeld), ran(kOk)}) == "held");
  CHECK(before({ran(kOk, "command"), ran(kHeld)}) == "held");
  CHECK(before({ran({}), ran(kHeld)}) == "held");
  CHECK(before({ran(kDown)}) == "nothing");
  CHECK(before({ran(kDown), ran(kOk)}) == "converged");
  CHECK(before({ran(kDown), ran(kHeld)}) == "held");
  CHECK(before({ran(kDown, "retry"), ran(kDown), ran(kOk)}) == "unavailable");
  CHECK(before({ran(kDown, "retry"), ran(kOk, "command"), ran(kSource)}) == "unavailable");
  CHECK(before({ran(ExitCode::kPartial), ran(kOk)}) == "partial");
}

TEST_CASE("a notice says where, what and what to do, and nobody's address") {
  News news("hr1", {});
  const auto notice =
      news.After({.run = "R1", .code = kSource, .message = "people.csv:7: ada@example.com is cut", .inventory = {}}, 1);
  REQUIRE(notice);
  CHECK(notice->subject == "ucaas-sync on hr1: not up to date: source");
  CHECK(notice->text.starts_with("people.csv:7: (an e-mail) is cut\nNothing is written until"));
  CHECK(notice->run == "R1");
  const auto refused = news.After(
      {.run = "R2", .code = ExitCode::kRefused, .message = "denied, HTTP status 403: “Ada is locked”", .inventory = {}},
      1);
  REQUIRE(refused);
  CHECK(refused->text.starts_with("denied, HTTP status 403\n"));
}

}  // namespace ucaas_sync::service
