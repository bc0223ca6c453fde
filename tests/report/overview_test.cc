#include "daemon/report/overview.h"

#include <doctest/doctest.h>

#include "daemon/report/naming.h"

namespace ucaas_sync::report {
namespace {

const Instant kNow = *ParseInstant("2026-11-24T12:00:00Z");

RunRecord Ended(ExitCode outcome, const std::string& message = {}) {
  RunRecord run;
  run.id = "20261124T115900-4f2a";
  run.trigger = "change";
  run.started = kNow - std::chrono::minutes(1);
  run.ended = kNow - std::chrono::seconds(58);
  run.outcome = outcome;
  run.message = message;
  run.done = 3;
  run.summary[Index(Kind::kUser)].actions[static_cast<std::size_t>(Action::kUpdate)] = 3;
  return run;
}

Overview After(ExitCode outcome, const std::string& message = {}) {
  Overview overview;
  overview.status.runs = {Ended(outcome, message)};
  overview.last_success = kNow - std::chrono::hours(3);
  overview.status.sources = {{.name = "hr",
                              .records = 1'200,
                              .read_at = kNow - std::chrono::hours(3),
                              .written_at = kNow - std::chrono::hours(4),
                              .max_age = {},
                              .problem = {}}};
  return overview;
}

bool Has(const std::string& page, std::string_view text) {
  INFO(page);
  return page.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("the page says first whether the cloud is up to date, and since when") {
  CHECK(Has(OverviewPage(After(ExitCode::kConverged), kNow, 1), "<h1>The cloud is up to date</h1>"));
  const std::string page = OverviewPage(After(ExitCode::kUnavailable, "connection refused"), kNow, 1);
  CHECK(Has(page, "Not up to date: the cloud cannot be reached"));
  CHECK(Has(page, "last reached the cloud 3 h ago"));
  CHECK(Has(page, "connection refused"));
  CHECK(Has(OverviewPage({}, kNow, 1), "Nothing was synced yet"));
}

TEST_CASE("one person's run makes the page call nobody else up to date") {
  Overview overview = After(ExitCode::kRefused);
  RunRecord single = Ended(ExitCode::kConverged);
  single.trigger = "command --only";
  overview.status.runs.insert(overview.status.runs.begin(), single);
  CHECK(Has(OverviewPage(overview, kNow, 1), "Not up to date: the cloud refuses our credentials"));
}

TEST_CASE("a run that left changes to the next one is not called up to date, one that finished without some is") {
  Overview overview = After(ExitCode::kPartial, "4 of the first 10 operations failed");
  RunRecord& run = overview.status.runs.front();
  run.summary[Index(Kind::kUser)].actions[static_cast<std::size_t>(Action::kSuspend)] = 12;  // with the updates 15
  run.done = 6;
  run.failed = 4;
  run.left = 5;
  const std::string stopped = OverviewPage(overview, kNow, 1);
  CHECK(Has(stopped, "<h1>Not up to date: the last run stopped, and left 5 changes</h1>"));
  CHECK_FALSE(Has(stopped, "is up to date"));
  // What guards.protect spares when it is to be done is left to nobody.
  run.left = 0;
  CHECK(Has(OverviewPage(overview, kNow, 1), "up to date, but for those who failed or are set aside</h1>"));
  run.failed = 0;
  CHECK(Has(OverviewPage(overview, kNow, 1), "up to date, but for those who are set aside</h1>"));
  run.trigger = "apply monday.plan";
  run.left = 4;
  CHECK(Has(OverviewPage(overview, kNow, 1), "left 4 changes"));
}

TEST_CASE("a failure of two paragraphs is one on the page") {
  const std::string page = OverviewPage(After(ExitCode::kSource, "hr: cut\nnothing was written"), kNow, 1);
  CHECK(Has(page, "hr: cut; nothing was written"));
}

TEST_CASE("what was planned and not done is no change") {
  Overview overview = After(ExitCode::kUnavailable, "connection refused");
  overview.status.runs.front().done = 0;
  overview.status.runs.front().failed = 3;
  RunRecord before = Ended(ExitCode::kConverged);
  before.id = "20261124T110000-0001";
  overview.status.runs.push_back(before);
  const std::string page = OverviewPage(overview, kNow, 1);
  const std::string changed = page.substr(page.find("What changed last"), 120);
  CHECK(Has(changed, "20261124T110000-0001"));
}

TEST_CASE("the next look is ahead, or now") {
  Overview overview = After(ExitCode::kConverged);
  overview.next_look = kNow + std::chrono::minutes(4);
  CHECK(Has(OverviewPage(overview, kNow, 1), "Next look in 4 min."));
  overview.next_look = kNow - Duration(129);
  CHECK(Has(OverviewPage(overview, kNow, 1), "Next look now."));
  overview.next_look = kNow + std::chrono::minutes(4);
  overview.is_resting = true;
  CHECK(Has(OverviewPage(overview, kNow, 1), "It is tried again in 4 min."));
}

TEST_CASE("a run that is under way does not hide how things stand") {
  Overview overview = After(ExitCode::kConverged);
  RunRecord running;
  running.id = "20261124T115959-0000";
  running.started = kNow;
  overview.status.runs.insert(overview.status.runs.begin(), running);
  overview.running = true;
  overview.activity = "running: apply 120 of 4,000";
  const std::string page = OverviewPage(overview, kNow, 1);
  CHECK(Has(page, "The cloud is up to date"));
  CHECK(Has(page, "apply 120 of 4,000"));
}

TEST_CASE("what a guard holds is there with the command that approves it") {
  Overview overview = After(ExitCode::kHeld);
  overview.status.held = Status::Held{
      .run = "20261124T115900-4f2a", .since = kNow - std::chrono::minutes(1), .scope = {}, .approved_by = {}};
  overview.status.held->scope.guards.emplace_back();
  overview.status.held->scope.guards.back().name = "user.suspend";
  overview.status.held->scope.guards.back().actual = 61;
  overview.status.held->scope.guards.back().limit = 60;
  const std::string page = OverviewPage(overview, kNow, 1);
  CHECK(Has(page, "A person must decide"));
  CHECK(Has(page, "<strong>user.suspend</strong>: 61, limit 60"));
  CHECK(Has(page, "<code>ucaas-sync approve 20261124T115900-4f2a</code>"));
}

TEST_CASE("a source that is too old, or gone, is said in red") {
  Overview overview = After(ExitCode::kConverged);
  overview.status.sources[0].max_age = std::chrono::hours(2);
  CHECK(Has(OverviewPage(overview, kNow, 1), "<span class=\"bad\">written 4 h ago, too old</span>"));
  overview.status.sources[0].problem = "/srv/hr/people.csv: there is no such file";
  CHECK(Has(OverviewPage(overview, kNow, 1), "<span class=\"bad\">/srv/hr/people.csv: there is no such file</span>"));
}

TEST_CASE("the page says whether the target is well, without asking it") {
  const auto target_after = [](ExitCode outcome, std::optional<Instant> answered, std::optional<Instant> failed) {
    Overview overview = After(outcome);
    overview.status.runs.front().done = 0;
    overview.target = {.name = "https://api.example.com/", .answered_at = answered, .failed_at = failed};
    return OverviewPage(overview, kNow, 1);
  };
  const Instant before = kNow - std::chrono::minutes(5);
  const Instant then = kNow - std::chrono::minutes(2);
  CHECK(Has(target_after(ExitCode::kConverged, then, {}), "<span class=\"good\">well: last answered 2 min ago</span>"));
  CHECK(Has(target_after(ExitCode::kConverged, then, before), "<span class=\"good\">well"));
  CHECK(Has(target_after(ExitCode::kConverged, before, then),
            "<span class=\"careful\">failed 2 min ago; last answered 5 min ago</span>"));
  CHECK(Has(target_after(ExitCode::kUnavailable, before, then), "<span class=\"bad\">cannot be reached"));
  CHECK(Has(target_after(ExitCode::kRefused, then, {}), "<span class=\"bad\">refuses our credentials"));
  // A source's trouble says nothing of the target.
  CHECK(Has(target_after(ExitCode::kSource, then, {}), "<span class=\"good\">well"));
  CHECK(Has(target_after(ExitCode::kConverged, {}, {}), "was not asked yet"));
  CHECK(Has(target_after(ExitCode::kConverged, {}, {}), "https://api.example.com/"));
}

TEST_CASE("of many who are due the first are shown, the others on request, and how many there are is said") {
  Overview overview = After(ExitCode::kConverged);
  for (int i = 0; i < 80; ++i) {
    overview.status.due.push_back({.kind = Kind::kUser,
                                   .action = Action::kSuspend,
                                   .key = "E" + std::to_string(i),
                                   .at = kNow + std::chrono::hours(i + 1),
                                   .reason = "absent"});
  }
  const std::string page = OverviewPage(overview, kNow, 1);
  CHECK(Has(page, "Coming suspends and deletes: 80"));
  const std::string first = page.substr(0, page.find("<details>"));
  CHECK(Has(first, "<time datetime=\"2026-11-24T13:00:00Z\">2026-11-24 13:00 UTC</time> suspend user <strong>E0<"));
  CHECK(Has(first, "<strong>E2<"));
  CHECK_FALSE(Has(first, "<strong>E3<"));
  CHECK(Has(page, "<summary>77 more</summary>"));
  CHECK(Has(page, "<strong>E49<"));
  CHECK_FALSE(Has(page, "<strong>E50<"));
  CHECK(Has(page, "30 more: <code>ucaas-sync status</code>"));
}

TEST_CASE("nothing from a source or the target becomes markup") {
  const std::string evil = "\"><script>alert(1)</script>&'";
  Overview overview = After(ExitCode::kSource, evil);
  overview.status.sources[0].name = evil;
  overview.status.sources[0].problem = evil;
  overview.people = config::People::kFull;
  overview.status.quarantine = {
      {.kind = "user", .key = evil, .reason = evil, .since = kNow, .source = {}, .fingerprint = {}}};
  overview.status.due = {{.kind = Kind::kUser, .action = Action::kDelete, .key = evil, .at = kNow, .reason = evil}};
  overview.status.runs[0].trigger = evil;
  CHECK_FALSE(Has(OverviewPage(overview, kNow, 1), "<script"));
  Operation operation;
  operation.key = evil;
  operation.reason = evil;
  operation.changes = {{.field = 0, .before = Field::Value(evil), .after = Field::Value(evil)}};
  const std::string page =
      RunPage(overview.status.runs[0], {{.operation = operation, .outcome = {}}}, 0, false, config::People::kFull);
  CHECK_FALSE(Has(page, "<script"));
  CHECK(Has(page, "&lt;script&gt;"));
}

TEST_CASE("ten thousand in quarantine are shown fifty at a time") {
  Overview overview = After(ExitCode::kPartial);
  for (int i = 0; i < 10'000; ++i) {
    overview.status.quarantine.push_back({.kind = "user",
                                          .key = "E" + std::to_string(i),
                                          .reason = "e-mail missing",
                                          .since = kNow,
                                          .source = {},
                                          .fingerprint = {}});
  }
  const std::string first = OverviewPage(overview, kNow, 1);
  CHECK(first.size() < 40'000);
  CHECK(Has(first, "Set aside: 10,000"));
  CHECK(Has(first, "user E49<"));
  CHECK_FALSE(Has(first, "user E50<"));
  CHECK(Has(first, "<a href=\"/?page=2#quarantine\">next</a>"));
  CHECK(Has(first, "<a href=\"/?page=200#quarantine\">last</a>"));
  CHECK_FALSE(Has(first, ">before</a>"));
  CHECK(Has(OverviewPage(overview, kNow, 200), "user E9999<"));
  // A number beyond the end shows the last.
  CHECK(Has(OverviewPage(overview, kNow, 9'999'999), "Page 200 of 200"));
}

TEST_CASE("the page shows keys, names, addresses and the target's words only where people may be named") {
  Overview overview = After(ExitCode::kPartial, "ada@example.com is taken");
  overview.status.quarantine = {{.kind = "user",
                                 .key = "E17",
                                 .reason = "the e-mail \"ada@example.com\" is E5's",
                                 .since = kNow,
                                 .source = {},
                                 .fingerprint = {}},
                                {.kind = "user",
                                 .key = "E18",
                                 .reason = "Lovelace is no name",
                                 .since = kNow,
                                 .source = {},
                                 .fingerprint = {},
                                 .by_target = true}};
  for (const config::People people : {config::People::kKey, config::People::kHash}) {
    overview.people = people;
    const std::string page = OverviewPage(overview, kNow, 1);
    CHECK_FALSE(Has(page, "ada@example.com"));
    CHECK_FALSE(Has(page, "Lovelace"));
    CHECK(Has(page, "E17<") == (people == config::People::kKey));
    CHECK(Has(page, DigestOf("E17")) == (people == config::People::kHash));
  }
  overview.people = config::People::kFull;
  CHECK(Has(OverviewPage(overview, kNow, 1), "Lovelace"));
}

TEST_CASE("a run's page shows values only where people may be named") {
  Operation operation;
  operation.seq = 1;
  operation.action = Action::kUpdate;
  operation.key = "E17";
  operation.who = "Ada Lovelace";
  operation.reason = "first_name changed";
  operation.changes = {{.field = 0, .before = Field::Value("Augusta"), .after = Field::Value("Ada")}};
  const RunRecord run = Ended(ExitCode::kConverged);
  const std::string discreet = RunPage(run, {{.operation = operation, .outcome = {}}}, 0, true, config::People::kKey);
  CHECK(Has(discreet, "E17"));
  CHECK_FALSE(Has(discreet, "Augusta"));
  CHECK_FALSE(Has(discreet, "Lovelace"));
  CHECK(Has(discreet, "not done in this run"));
  CHECK(Has(discreet, "?from=1"));
  CHECK(Has(RunPage(run, {{.operation = operation, .outcome = {}}}, 0, false, config::People::kFull), "Augusta"));
}

TEST_CASE("an e-mail is masked wherever it stands in a sentence") {
  using config::People;
  CHECK(Discreet("<ada@example.com>, bob@example.com; c@d", People::kKey) == "<(an e-mail)>, (an e-mail); (an e-mail)");
  CHECK(Discreet("at @ noon, user@ and @home", People::kKey) == "at @ noon, user@ and @home");
  CHECK(Discreet("ada@example.com", People::kFull) == "ada@example.com");
  const std::string approved = "approved by root: user.suspend: 6, limit 3; reason: Ada Lovelace leaves";
  CHECK(DiscreetMessage(approved, People::kFull) == approved);
  CHECK(DiscreetMessage(approved, People::kKey) == "approved by root: user.suspend: 6, limit 3");
  const std::string said = "1 of 4 operations failed: invalid, HTTP status 406: “Ada Lovelace is locked”";
  CHECK(DiscreetMessage(said, People::kFull) == said);
  CHECK(DiscreetMessage(said, People::kKey) == "1 of 4 operations failed: invalid, HTTP status 406");
}

}  // namespace ucaas_sync::report
