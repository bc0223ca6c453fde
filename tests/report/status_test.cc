#include "daemon/report/status.h"

#include <doctest/doctest.h>

#include <sstream>

#include "connectors/ucaas/json_view.h"
#include "daemon/report/quarantine.h"
#include "tests/report/sample.h"

namespace ucaas_sync::report {
namespace {

const Instant kNow = *ParseInstant("2026-11-23T09:00:00Z");

Status SampleStatus() {
  RunRecord last;
  last.id = "20261123T085500-1a2b";
  last.trigger = "command";
  last.started = kNow - std::chrono::minutes(5);
  last.ended = kNow - std::chrono::minutes(4);
  last.outcome = ExitCode::kHeld;
  last.message = "held by user.suspend: 30, limit 15";
  last.summary[Index(Kind::kUser)].actions[Index(Action::kSuspend)] = 30;
  last.summary[Index(Kind::kUser)].unchanged = 1170;
  RunRecord before;
  before.id = "20261122T090000-3c4d";
  before.trigger = "schedule";
  before.started = kNow - std::chrono::hours(24);
  before.ended = before.started;
  Status status;
  status.runs = {last, before};
  status.quarantine = {{.kind = "user",
                        .key = "E99",
                        .reason = "e-mail missing",
                        .since = kNow,
                        .source = {.name = "hr", .line = 101, .dn = {}},
                        .fingerprint = {}}};
  status.held = Status::Held{.run = last.id, .since = kNow - std::chrono::hours(2), .scope = {}, .approved_by = {}};
  status.held->scope.guards = {{.name = "user.suspend",
                                .subject = {},
                                .limit = 15,
                                .actual = 30,
                                .covers = "suspend 30 users",
                                .examples = {},
                                .operations = {}}};
  status.due = {{.kind = Kind::kUser,
                 .action = Action::kDelete,
                 .key = "E7",
                 .at = kNow + std::chrono::hours(48),
                 .reason = "suspended since 2026-10-25"}};
  status.kept = {{.kind = "contact",
                  .key = "C5",
                  .run = before.id,
                  .at = before.started,
                  .word = "kept",
                  .reason = "it was adopted",
                  .source = {}}};
  status.drifted = {{.kind = Kind::kUser, .key = "E8", .missing = false, .attributes = {"department", "status"}},
                    {.kind = Kind::kGroup, .key = "Sales", .missing = true, .attributes = {}}};
  status.drifted_count = 1200;
  status.sources = {{.name = "contractors",
                     .records = 40,
                     .read_at = kNow - std::chrono::hours(24),
                     .written_at = kNow - std::chrono::hours(2),
                     .max_age = {},
                     .problem = {}}};
  status.next_run = kNow + std::chrono::hours(48);
  return status;
}

std::string JsonOf(const Status& status) {
  std::ostringstream out;
  WriteStatusJson(status, kNow, out);
  return out.str();
}

std::string TextOf(const Status& status, bool colour = false) {
  std::ostringstream out;
  WriteStatusText(status, kNow, colour, out);
  return out.str();
}

TEST_CASE("status as JSON has the contract's shape, newest run first") {
  const auto document = ucaas::JsonDocument::Parse(JsonOf(SampleStatus()));
  REQUIRE(document.has_value());
  const auto root = document->root();
  REQUIRE(root.Find("runs").has_value());
  std::vector<std::string> ids;
  root.Find("runs")->ForEach([&](const ucaas::JsonView& run) {
    ids.emplace_back(*run.FindText("id"));
    for (const char* key : {"id", "outcome", "started", "ended", "trigger", "summary"})
      CHECK(run.Find(key).has_value());
  });
  CHECK(ids == std::vector<std::string>{"20261123T085500-1a2b", "20261122T090000-3c4d"});
  root.Find("runs")->ForEach([&](const ucaas::JsonView& run) {
    if (run.FindText("id") != "20261123T085500-1a2b") return;
    CHECK(run.FindText("outcome") == "held");
    CHECK(run.FindText("started") == "2026-11-23T08:55:00Z");
    CHECK(run.Find("summary")->Find("user")->FindText("suspend") == "30");
    CHECK(run.Find("summary")->Find("user")->FindText("unchanged") == "1170");
  });
  CHECK(root.Find("quarantine")->size() == 1);
  CHECK(root.Find("held")->FindText("run") == "20261123T085500-1a2b");
  CHECK(root.Find("held")->FindText("since") == "2026-11-23T07:00:00Z");
  CHECK(root.Find("held")->FindText("approve") == "ucaas-sync approve 20261123T085500-1a2b");
  CHECK(root.Find("held")->Find("guards")->size() == 1);
  root.Find("held")->Find("guards")->ForEach([](const ucaas::JsonView& guard) {
    CHECK(guard.FindText("name") == "user.suspend");
    CHECK(guard.FindText("subject") == "");
    CHECK(guard.FindText("limit") == "15");
    CHECK(guard.FindText("actual") == "30");
  });
  CHECK(root.Find("due")->size() == 1);
  CHECK(root.Find("kept")->size() == 1);
  root.Find("kept")->ForEach([](const ucaas::JsonView& item) {
    CHECK(item.FindText("kind") == "contact");
    CHECK(item.FindText("key") == "C5");
    CHECK(item.FindText("since") == "2026-11-22T09:00:00Z");
  });
  CHECK(root.Find("drift")->FindText("count") == "1200");
  CHECK(root.Find("drift")->Find("first")->size() == 2);
  std::vector<std::string> drifted;
  root.Find("drift")->Find("first")->ForEach([&](const ucaas::JsonView& item) {
    drifted.push_back(std::string(item.FindText("key").value_or("")) + ' ' +
                      std::string(item.FindText("missing").value_or("?")));
  });
  CHECK(drifted == std::vector<std::string>{"E8 false", "Sales true"});
  root.Find("sources")->ForEach([](const ucaas::JsonView& source) {
    CHECK(source.FindText("name") == "contractors");
    CHECK(source.FindText("records") == "40");
    CHECK(source.FindText("read_at") == "2026-11-22T09:00:00Z");
    CHECK(source.FindText("problem") == "");
  });
  CHECK(root.Find("sources")->size() == 1);
  CHECK(root.Find("next_run")->Text() == "2026-11-25T09:00:00Z");
}

TEST_CASE("a source is told with what is wrong with it: unreadable, too old, or passed over by the last run") {
  const Instant now = kNow;
  Status status = SampleStatus();
  SourceStanding& source = status.sources.front();
  CHECK_MESSAGE(TroubleOf(source, status, now).empty(), "a run that was held says nothing against it");
  status.runs.front().outcome = ExitCode::kSource;
  std::ostringstream out;
  WriteStatusText(status, now, false, out);
  CHECK(out.str().find("contractors: 40 records read 1 d ago; written 2 h ago, and not read in full since") !=
        std::string::npos);
  source.read_at = now;
  CHECK(TroubleOf(source, status, now).empty());
  source.max_age = std::chrono::hours(1);
  CHECK(TroubleOf(source, status, now) == "written 2 h ago, too old");
  source.problem = "/srv/hr/contractors.csv: there is no such file";
  CHECK(TroubleOf(source, status, now) == source.problem);
}

TEST_CASE("status of a new state is a whole document too") {
  const auto document = ucaas::JsonDocument::Parse(JsonOf({}));
  REQUIRE(document.has_value());
  CHECK(document->root().Find("runs")->size() == 0);
  CHECK(document->root().Find("held")->IsNull());
  CHECK(TextOf({}) == "No run yet. `ucaas-sync plan` shows what the first would do.\n");
}

TEST_CASE("hostile text stays inside its JSON string and its line") {
  Status status = SampleStatus();
  status.runs.front().message = kHostile;
  status.quarantine.front().key = kHostile;
  status.quarantine.front().reason = kHostile;
  status.held->scope.guards.front().subject = kHostile;
  status.held->approved_by = kHostile;
  status.due.front().reason = kHostile;
  const auto document = ucaas::JsonDocument::Parse(JsonOf(status));
  REQUIRE(document.has_value());
  document->root().Find("quarantine")->ForEach([](const ucaas::JsonView& item) {
    CHECK(item.FindText("key") == kHostile);
  });
  const std::string text = TextOf(status);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\nHELD by nobody") == std::string::npos);
}

TEST_CASE("status as text says how things stand, what waits for a person, and what comes") {
  const std::string text = TextOf(SampleStatus());
  CHECK(
      text.starts_with("Last run: held, 5 min ago\n"
                       "Next run: due in 2 d (2026-11-25T09:00:00Z), or when a source changes\n"));
  CHECK(text.find("kept because it was adopted: 1\n  contact C5, since 2026-11-22T09:00:00Z\n") != std::string::npos);
  CHECK(text.find("Changed at the target by hand, when last looked: 1,200\n  user E8: department, status\n"
                  "  group Sales: not there any more\n  … and 1,198 more\n") != std::string::npos);
  CHECK(text.find("Waiting for a person, since 2026-11-23T07:00:00Z (2 h ago): nothing is written.\n"
                  "  user.suspend: 30, limit 15: suspend 30 users\n") != std::string::npos);
  CHECK(text.find("ucaas-sync approve 20261123T085500-1a2b\n") != std::string::npos);
  CHECK(text.find("  2026-11-25T09:00:00Z  delete user E7  suspended since 2026-10-25\n") != std::string::npos);
  CHECK(text.find("  user E99: e-mail missing\n") != std::string::npos);
  CHECK(text.find("suspend 30 users") != std::string::npos);
  CHECK(text.find("cut off") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(TextOf(SampleStatus(), true).find('\x1b') != std::string::npos);
}

TEST_CASE("status as text says once what failed several times alike") {
  Status status = SampleStatus();
  status.held.reset();
  status.runs[0].message = status.runs[1].message = "hr: no newline at its end\nnothing was written";
  const std::string text = TextOf(status);
  const std::size_t first = text.find("    hr: no newline at its end; nothing was written\n");
  REQUIRE(first != std::string::npos);
  CHECK(text.find("no newline", first + 20) == std::string::npos);
  CHECK(text.find("\n    the same\n", first) != std::string::npos);
}

TEST_CASE("what is due by now, and what only a source can bring, is said") {
  Status status = SampleStatus();
  status.next_run = kNow;
  CHECK(TextOf(status).find("Next run: due now\n") != std::string::npos);
  status.next_run.reset();
  CHECK(TextOf(status).find("Next run: due when a source changes\n") != std::string::npos);
}

TEST_CASE("after a run that failed the next one is the service's to time, however due it is") {
  Status status = SampleStatus();
  status.next_run = kNow;
  for (const ExitCode code :
       {ExitCode::kSource, ExitCode::kRefused, ExitCode::kUnavailable, ExitCode::kError, ExitCode::kConfig}) {
    status.runs[0].outcome = code;
    CHECK(TextOf(status).find("Next run: when the service tries again") != std::string::npos);
    CHECK(TextOf(status).find("due now") == std::string::npos);
  }
}

TEST_CASE("what a run left to the next one is said first") {
  Status status = SampleStatus();
  status.held.reset();
  status.next_run = kNow;
  status.runs[0].outcome = ExitCode::kPartial;
  status.runs[0].left = 16;
  CHECK(TextOf(status).find("Not up to date: 16 changes left to the next run\nNext run: due now\n") !=
        std::string::npos);
  // What guards.protect spares is neither done nor failed, and left to nobody.
  status.runs[0].left = 0;
  status.runs[0].done = 10;
  status.runs[0].failed = 4;
  CHECK(TextOf(status).find("Not up to date") == std::string::npos);
}

TEST_CASE("the holds of a revert on one key are one line, with what ends them") {
  const std::vector<StoredHold> holds{
      {.key = "E1", .reason = "legal", .until = {}, .since = kNow},
      {.key = "E1", .reason = "reverted R", .until = {}, .since = kNow, .kind = Kind::kUser},
      {.key = "E1", .reason = "reverted R", .until = {}, .since = kNow, .kind = Kind::kContact},
      {.key = "E2", .reason = "reverted R", .until = {}, .since = kNow, .kind = Kind::kContact}};
  const std::vector<StoredQuarantine> items = WithHolds({}, holds);
  REQUIRE(items.size() == 3);
  CHECK(items[0].reason == "legal");
  CHECK(WhatToDo(items[0]) == "To end it: ucaas-sync quarantine release E1.");
  CHECK(items[1].reason == "reverted R: stays until its source says something else (user and contact)");
  CHECK(WhatToDo(items[1]) == "To end it now: ucaas-sync quarantine release E1.");
  CHECK(items[2].reason == "reverted R: stays until its source says something else (contact)");
}

TEST_CASE("a long quarantine is cut, and counted") {
  Status status = SampleStatus();
  status.quarantine.resize(25, status.quarantine.front());
  CHECK(TextOf(status).find("  … and 5 more; --format json has them all\n") != std::string::npos);
}

}  // namespace
}  // namespace ucaas_sync::report
