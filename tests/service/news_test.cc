#include "daemon/service/news.h"

#include <doctest/doctest.h>

namespace ucaas_sync::service {
namespace {

/// The events that a series of runs makes, "-" for none.
std::string Told(std::initializer_list<ExitCode> codes, std::optional<ExitCode> before = {}) {
  News news("hr1", before);
  std::string told;
  std::uint32_t failures = 0;
  for (const ExitCode code : codes) {
    const bool fails = code == ExitCode::kSource || code == ExitCode::kRefused || code == ExitCode::kUnavailable ||
                       code == ExitCode::kError;
    failures = fails ? failures + 1 : 0;
    const auto notice = news.After({.run = "R", .code = code, .message = "why", .inventory = {}}, failures);
    told += (told.empty() ? "" : " ") + (notice ? notice->event : "-");
  }
  return told;
}

constexpr auto kOk = ExitCode::kConverged;
constexpr auto kHeld = ExitCode::kHeld;
constexpr auto kDown = ExitCode::kUnavailable;
constexpr auto kSource = ExitCode::kSource;

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
  CHECK(Told({ExitCode::kPartial, ExitCode::kPartial, kOk}) == "quarantine quarantine -");
  CHECK(Told({kSource, ExitCode::kPartial, kOk}) == "failed quarantine -");
}

TEST_CASE("a restart does not tell again what was told before it") {
  CHECK(Told({kHeld, kOk}, kHeld) == "- recovered");
  CHECK(Told({kSource, kOk}, kSource) == "- recovered");
  CHECK(Told({ExitCode::kBusy, kHeld}, kHeld) == "- -");
}

TEST_CASE("a notice says where, what and what to do, and nobody's address") {
  News news("hr1", {});
  const auto notice =
      news.After({.run = "R1", .code = kSource, .message = "people.csv:7: ada@example.com is cut", .inventory = {}}, 1);
  REQUIRE(notice);
  CHECK(notice->subject == "ucaas-sync on hr1: not up to date: source");
  CHECK(notice->text.starts_with("people.csv:7: (an e-mail) is cut\nNothing is written until"));
  CHECK(notice->run == "R1");
}

}  // namespace ucaas_sync::service
