// What the parts of one run share of the target, over a real state and a fake target.
#include "daemon/run/target.h"

#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <string>

#include "daemon/run/steps.h"
#include "tests/run/leftovers_scene.h"

namespace ucaas_sync::run {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Breaks;
using testing::Says;

/// A run whose parts list users, one after the other.
struct Run : Scene {
  /// As many lists as `times`, in one part of the run; why it was stopped.
  std::optional<apply::Stop> Part(int times = 1, Target::Patience patience = Target::Patience::kAsConfigured) {
    Target part(of_run->context, patience);
    for (int i = 0; i < times; ++i) {
      ucaas::Call call;
      call.verb = ucaas::Verb::kList;
      part.caller().Submit(std::move(call), [](const ucaas::CallResult&, std::uint32_t) {});
    }
    part.caller().Drain();
    return part.caller().stopped();
  }
  void Answer(const HttpReply& reply, int times = 100'000) {
    target.faults.push_back({.request = "GET users", .reply = reply, .times = times});
  }
  /// As if the process had been killed and started again.
  void BeginAnew() { of_run.emplace(given, *store); }

  const Context given = Given();
  std::optional<ContextOfRun> of_run{std::in_place, given, *store};
};

TEST_CASE("keys or a certificate that one part of a run was refused for are not shown by the next") {
  for (const HttpReply& reply : {Says(401, "401"), Says(407, "407"), Breaks(TransportOutcome::kTls)}) {
    CAPTURE(reply.status);
    Run run;
    run.Answer(reply);
    const auto first = run.Part();
    REQUIRE(first);
    const auto second = run.Part();
    REQUIRE(second);
    CHECK(second->code == first->code);
    CHECK(second->because == first->because);
    CHECK(run.target.CountRequests() == 1);
    // The next run tries again: somebody may have set it right.
    run.BeginAnew();
    run.Part();
    CHECK(run.target.CountRequests() == 2);
  }
}

TEST_CASE("a list that is not shown to us ends the part that wanted it, not the run") {
  Run run;
  run.Answer(Says(403, "403"), 1);
  REQUIRE(run.Part());
  CHECK_FALSE(run.Part());
}

TEST_CASE("a target that gave one part no answer for give_up is not waited for by the next") {
  Run run;
  run.Answer(Says(503, "503"));
  CHECK(run.Part()->code == ExitCode::kUnavailable);
  const Monotonic given_up = run.clock.ticks;
  CHECK(given_up >= Monotonic{} + minutes(10));
  const std::size_t asked = run.target.CountRequests();
  const auto second = run.Part();
  REQUIRE(second);
  CHECK(second->code == ExitCode::kUnavailable);
  CHECK(second->because.find("503") != std::string::npos);
  CHECK(run.clock.ticks == given_up);
  CHECK(run.target.CountRequests() == asked);
}

TEST_CASE("the time between two parts, in which nobody asked, is no outage") {
  Run run;
  run.target.faults.push_back(
      {.request = "GET users", .reply = Says(503, "503"), .times = static_cast<int>(config::RetryConfig{}.attempts)});
  CHECK_FALSE(run.Part());
  run.clock.Advance(std::chrono::hours(1));
  CHECK_FALSE(run.Part());
}

TEST_CASE("the parts of a run together send no more a second than target.rate") {
  Run run;
  std::deque<Monotonic> sent;
  std::size_t most = 0;
  run.target.on_request = [&](const HttpRequest&) {
    const Monotonic now = run.clock.ticks;
    while (!sent.empty() && sent.front() <= now - seconds(1)) sent.pop_front();
    sent.push_back(now);
    most = std::max(most, sent.size());
  };
  for (int i = 0; i < 60; ++i) run.Part(2);
  CHECK(most <= 21);
  CHECK(run.target.CountRequests() == 120);
}

TEST_CASE(
    "a pause is remembered as soon as it is asked for, so that a run which is killed meanwhile leaves it to the next") {
  Run run;
  HttpReply busy = Says(503, "503");
  busy.retry_after = "120";
  run.Answer(busy, 1);
  std::optional<Instant> kept;
  run.target.on_request = [&](const HttpRequest&) { kept = run.store->TargetPause(); };
  const Instant begun = run.clock.now;
  CHECK_FALSE(run.Part());
  REQUIRE(kept);
  CHECK(*kept >= begun + seconds(120));
  CHECK(*kept <= begun + seconds(122));
}

TEST_CASE("a pause that is asked for while a plan is made is remembered, and the plan's view of the state stays") {
  Run run;
  HttpReply busy = Says(503, "503");
  busy.retry_after = "120";
  run.Answer(busy, 1);
  auto moment = run.store->HoldMoment();
  const std::uint64_t version = run.store->Version();
  CHECK_FALSE(run.Part());
  CHECK(run.store->Version() == version);
  CHECK_FALSE(run.store->TargetPause());
  moment.reset();
  CHECK(run.store->TargetPause());
}

TEST_CASE("a run waits as long as an earlier one was asked to, also for some seconds, and a day at most") {
  Run run;
  SUBCASE("some seconds") {
    run.store->NoteTargetPause(run.clock.now + seconds(7));
    run.BeginAnew();
    const Monotonic begun = run.clock.ticks;
    CHECK_FALSE(run.Part());
    CHECK(run.clock.ticks >= begun + seconds(7));
  }
  SUBCASE("longer than it may wait") {
    run.store->NoteTargetPause(run.clock.now + minutes(30));
    run.BeginAnew();
    CHECK(run.Part()->code == ExitCode::kUnavailable);
    CHECK(run.target.CountRequests() == 0);
  }
  SUBCASE("a year, by a clock that was ahead") {
    run.store->NoteTargetPause(run.clock.now + std::chrono::hours(365 * 24));
    run.BeginAnew();
    CHECK_FALSE(run.Part());
  }
  SUBCASE("a year, by the target") {
    HttpReply busy = Says(503, "503");
    busy.retry_after = "31536000";
    run.Answer(busy, 1);
    CHECK(run.Part()->code == ExitCode::kUnavailable);
    CHECK(*run.store->TargetPause() <= run.clock.now + std::chrono::hours(24));
  }
}

TEST_CASE("where little patience is enough, an hour of silence costs some seconds") {
  Run run;
  run.Answer(Says(503, "503"));
  CHECK(run.Part(1, Target::Patience::kLittle)->code == ExitCode::kUnavailable);
  CHECK(run.clock.ticks < Monotonic{} + minutes(1));
}

}  // namespace
}  // namespace ucaas_sync::run
