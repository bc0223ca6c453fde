#include "daemon/apply/listing.h"

#include <doctest/doctest.h>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

using testing::Breaks;
using testing::Says;

void Fill(Bench& bench, int users) {
  for (int i = 0; i < users; ++i) bench.target.Add(Kind::kUser, {{"email", "p" + std::to_string(i) + "@x.org"}});
}

TEST_CASE("a list ends at an empty page, not at a short one") {
  Bench bench;
  Fill(bench, 250);
  const Listing listing = ListAll(bench.caller, Kind::kUser, bench.observer);
  CHECK_FALSE(listing.incomplete.has_value());
  CHECK(listing.objects.size() == 250);
  CHECK(bench.target.CountRequests("GET users") == 4);
}

TEST_CASE("nobody there is a whole list of nobody") {
  Bench bench;
  const Listing listing = ListAll(bench.caller, Kind::kUser, bench.observer);
  CHECK_FALSE(listing.incomplete.has_value());
  CHECK(listing.objects.empty());
}

TEST_CASE("a page that is repeated makes the list incomplete") {
  Bench bench;
  Fill(bench, 250);
  bench.target.ignores_paging = true;
  const Listing listing = ListAll(bench.caller, Kind::kUser, bench.observer);
  REQUIRE(listing.incomplete.has_value());
  CHECK(*listing.incomplete == "the list of users, page 2: it repeats an earlier page");
  CHECK(listing.code == ExitCode::kUnavailable);
}

TEST_CASE("a page that fails makes the list incomplete") {
  Bench bench;
  Fill(bench, 250);
  bench.target.faults = {{.request = "GET users", .reply = Says(404, "404", "no such page"), .skip = 1}};
  const Listing listing = ListAll(bench.caller, Kind::kUser, bench.observer);
  REQUIRE(listing.incomplete.has_value());
  CHECK(*listing.incomplete == "the list of users, page 2: missing, HTTP status 404, result 404: “no such page”");
}

TEST_CASE("a page that fails for the moment is asked for again") {
  Bench bench;
  Fill(bench, 150);
  bench.target.faults = {{.request = "GET users", .reply = Breaks(TransportOutcome::kReset), .skip = 1, .times = 3}};
  const Listing listing = ListAll(bench.caller, Kind::kUser, bench.observer);
  CHECK_FALSE(listing.incomplete.has_value());
  CHECK(listing.objects.size() == 150);
}

TEST_CASE("an id that is seen twice counts once") {
  Bench bench;
  Fill(bench, 150);
  // Somebody moved down a page while we were reading.
  bench.target.objects[Kind::kUser].push_back(bench.target.objects[Kind::kUser].front());
  const Listing listing = ListAll(bench.caller, Kind::kUser, bench.observer);
  CHECK_FALSE(listing.incomplete.has_value());
  CHECK(listing.objects.size() == 150);
}

TEST_CASE("refused credentials end a list with 6") {
  Bench bench;
  bench.target.faults = {{.request = "GET users", .reply = Says(401, "401")}};
  const Listing listing = ListAll(bench.caller, Kind::kUser, bench.observer);
  CHECK(listing.incomplete.has_value());
  CHECK(listing.code == ExitCode::kRefused);
}

}  // namespace
}  // namespace ucaas_sync::apply
