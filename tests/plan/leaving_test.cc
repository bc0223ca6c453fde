// Leaving: evidence and absence differ.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;

TEST_CASE("a record that matches left is acted on at once, with its line and the filter") {
  World world = CompanyOf(3);
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kSuspend);
  CHECK(operations[0].reason == "left: (status=terminated)");
  CHECK(operations[0].source.line == 3);
  REQUIRE(operations[0].changes.size() == 1);
  CHECK(operations[0].changes[0].after == Field::Value("S"));
  CHECK(operations[0].fingerprint.is_zero());
}

TEST_CASE("who left and is unknown is nobody's business") {
  World world = CompanyOf(1);
  Row row = User("E9");
  row.standing = Standing::kLeft;
  world.Add(row);
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("absence is acted on after absent_after and in two complete reads, not before") {
  World world = CompanyOf(3);
  world.Remove(Kind::kUser, "E2");
  auto first = world.Sync();
  CHECK(first.plan.operations.empty());
  REQUIRE(first.plan.due.size() == 1);
  CHECK(first.plan.due[0].at == world.now + hours(24));
  CHECK(*first.notes.due_at == world.now + hours(24));
  world.Pass(hours(23));
  CHECK(world.Sync().plan.operations.empty());
  world.Pass(hours(1));
  const auto operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kSuspend);
  CHECK(operations[0].reason == "absent since 2026-11-01 in 3 complete reads of hr");
  CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("an absence that was noted by a clock ahead of its time begins anew once the clock is right") {
  World world = CompanyOf(3);
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  world.now -= hours(365 * 24);
  CHECK(world.Sync().plan.operations.empty());
  world.Pass(hours(23));
  CHECK(world.Sync().plan.operations.empty());
  world.Pass(hours(1));
  CHECK(world.Sync().plan.operations.size() == 1);
}

TEST_CASE("an absence that a clock behind its time noted has begun when the source was last read with them in it") {
  World world = CompanyOf(3);
  const Instant right = world.now;
  SnapshotHistory last;
  last.source = "hr";
  last.records = 3;
  last.read_at = right;
  world.state.snapshots["hr"] = last;
  world.Remove(Kind::kUser, "E2");
  world.now = right - hours(61 * 24);
  CHECK(world.Sync().plan.operations.empty());
  world.now = right + hours(1);
  CHECK(world.Sync().plan.operations.empty());
  world.now = right + hours(24);
  CHECK(world.Sync().plan.operations.size() == 1);
}

TEST_CASE("a last read that a clock far ahead has noted puts off an absence by absent_after, not until that time") {
  World world = CompanyOf(3);
  SnapshotHistory last;
  last.source = "hr";
  last.records = 3;
  last.read_at = world.now + hours(365 * 24);
  world.state.snapshots["hr"] = last;
  world.Remove(Kind::kUser, "E2");
  CHECK(*world.Sync().notes.due_at == world.now + hours(24));
  world.Pass(hours(24));
  CHECK(*world.Sync().notes.due_at == world.now + hours(24));
  world.Pass(hours(24));
  CHECK(world.Sync().plan.operations.size() == 1);
}

TEST_CASE("one read long after the last is not yet two reads without somebody") {
  World world = CompanyOf(3);
  world.Pass(hours(240));
  world.Remove(Kind::kUser, "E2");
  CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("absent_after 0s waives both the time and the second read") {
  World world = CompanyOf(3);
  world.policy.rules[0].absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E2"});
}

TEST_CASE("a file cut in mid-row removes nobody and counts no read") {
  World world = CompanyOf(3);
  world.policy.rules[0].absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.snapshots[0].incomplete.emplace().what = "ends inside a row";
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.absences.empty());
  world.snapshots[0].incomplete.reset();
  world.healthy[0] = false;
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("who is there again loses the absence, and is unchanged") {
  World world = CompanyOf(3);
  const Row away = world.Get(Kind::kUser, "E2");
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  CHECK(world.state.absences.size() == 1);
  world.rows.push_back(away);
  CHECK(world.Sync().plan.operations.empty());
  CHECK(world.state.absences.empty());
}

TEST_CASE("a removal that was planned and not done does not wait all over again") {
  World world = CompanyOf(3);
  world.Add(Group("Sales"));
  world.Sync();
  world.Remove(Kind::kUser, "E2");
  world.Remove(Kind::kGroup, "Sales");
  world.Sync();
  world.Pass(hours(25));
  const auto cut_off = world.Plan();
  CHECK(Lines(cut_off.plan) == Texts{"user suspend E2", "group delete Sales"});
  world.state.absences = cut_off.notes.absences;
  world.Pass(hours(1));
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend E2", "group delete Sales"});
}

TEST_CASE("who is there in a read that a guard holds is missing no more") {
  World world = CompanyOf(12);
  world.Remove(Kind::kUser, "E2");
  world.Remove(Kind::kUser, "E3");
  world.Sync();
  world.Pass(hours(25));
  world.policy.guards = DefaultGuards();
  world.Add(User("E2"));
  for (const std::string key : {"E4", "E5", "E6", "E7"}) world.Get(Kind::kUser, key).standing = Standing::kLeft;
  const auto held = world.Plan();
  REQUIRE(held.plan.held);
  // E3, who is still missing, keeps the note as it was: that read proves no absence.
  REQUIRE(held.notes.absences.size() == 1);
  CHECK(world.state.Load(held.notes.absences[0].entity_id).key == "E3");
  CHECK(held.notes.absences[0].reads == 1);
}

TEST_CASE("who is there while a person holds them is missing no more") {
  World world = CompanyOf(3);
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  world.state.holds.push_back({.key = "E2", .reason = {}, .until = std::nullopt});
  world.Add(User("E2"));
  CHECK(world.Sync().notes.absences.empty());
}

TEST_CASE("who comes back after a suspend is reactivated and updated in one operation") {
  World world = CompanyOf(3);
  world.policy.rules[0].absent_after = Duration::zero();
  Row away = world.Get(Kind::kUser, "E2");
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  away.fields["department"] = "Finance";
  world.rows.push_back(away);
  const auto operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kReactivate);
  CHECK(operations[0].reason == "back again; department changed");
  REQUIRE(FindChange(operations[0], kUserStatus) != nullptr);
  CHECK(FindChange(operations[0], kUserStatus)->after == Field::Value("A"));
  CHECK(FindChange(operations[0], kUserDepartment)->after == Field::Value("Finance"));
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a status that comes out empty lets nobody in again who is suspended, and clears nobody's") {
  for (const config::EmptyPolicy empty : {config::EmptyPolicy::kKeep, config::EmptyPolicy::kClear}) {
    CAPTURE(empty);
    World world = CompanyOf(3);
    world.policy.rules[0].empty = empty;
    for (const std::string key : {"E1", "E2", "E3"}) world.Get(Kind::kUser, key).fields["status"] = "A";
    world.Get(Kind::kUser, "E2").fields["status"] = "S";
    world.Sync();
    for (const std::string key : {"E1", "E2"}) world.Get(Kind::kUser, key).fields["status"] = "";
    const auto blank = world.Sync().plan;
    CHECK(Lines(blank).empty());
    REQUIRE(blank.warnings.size() == 1);
    CHECK(Contains(blank.warnings[0], "1 suspended user stays so"));
    CHECK(Contains(blank.warnings[0], "E2"));
    world.Get(Kind::kUser, "E2").fields["status"] = "A";
    CHECK(Lines(world.Sync().plan) == Texts{"user reactivate E2"});
  }
}

TEST_CASE("nobody new is let in while their status is not known") {
  World world;
  world.Add(User("E1", {{"status", "?"}}));
  world.Add(User("E2"));
  const auto plan = world.Sync().plan;
  CHECK(Lines(plan) == Texts{"user create E2"});
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(Contains(plan.quarantine[0].reason, "status is not known"));
  world.Get(Kind::kUser, "E1").fields["status"] = "S";
  CHECK(Lines(world.Sync().plan) == Texts{"user create E1"});
}

TEST_CASE("suspended for delete_after: deleted, and created anew when the key returns") {
  World world = CompanyOf(3);
  world.policy.rules[0].delete_after = hours(240);
  Row& row = world.Get(Kind::kUser, "E2");
  row.standing = Standing::kLeft;
  const auto suspended = world.Sync();
  CHECK(Lines(suspended.plan) == Texts{"user suspend E2"});
  // With unchanged files nobody looks again before this.
  REQUIRE(suspended.notes.due_at);
  CHECK(*suspended.notes.due_at == world.now + hours(240));
  world.Pass(hours(239));
  auto waiting = world.Sync();
  CHECK(waiting.plan.operations.empty());
  REQUIRE(waiting.plan.due.size() == 1);
  CHECK(waiting.plan.due[0].action == Action::kDelete);
  world.Pass(hours(1));
  const auto operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kDelete);
  CHECK(FindChange(operations[0], kUserEmail)->before == Field::Value("e2@example.com"));
  world.Get(Kind::kUser, "E2").standing = Standing::kPresent;
  const auto back = Operations(world.Sync().plan);
  REQUIRE(back.size() == 1);
  CHECK(back[0].action == Action::kCreate);
  CHECK(back[0].entity_id != 0);
  CHECK(back[0].reason == "back again: was deleted before");
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a long leave does not shorten delete_after for who then leaves for good") {
  World world = CompanyOf(3);
  world.policy.rules[0].delete_after = hours(240);
  world.Get(Kind::kUser, "E2").fields["status"] = "S";
  world.Sync();
  world.Pass(hours(24 * 100));
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  CHECK(world.Sync().plan.operations.empty());
  world.Pass(hours(240));
  CHECK(Lines(world.Plan().plan) == Texts{"user delete E2"});
}

TEST_CASE("who leaves by a date in the record is due then, and only while nothing keeps them") {
  World world = CompanyOf(4);
  world.policy.timezone = "Europe/Berlin";
  world.policy.rules[0].left = "(end_date<today)";
  const Date last{std::chrono::floor<std::chrono::days>(world.now) + std::chrono::days(30)};
  for (const char* key : {"E1", "E2", "E3"}) world.Get(Kind::kUser, key).leaves_on = last;
  world.Get(Kind::kUser, "E2").standing = Standing::kQuarantined;
  world.state.holds.push_back({.key = "E3", .reason = "on a case", .until = {}});
  world.Add(User("E9"));
  world.Get(Kind::kUser, "E9").leaves_on = last;
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user create E9"});
  REQUIRE(plan.due.size() == 2);
  CHECK(plan.due[0].key == "E1");
  CHECK(plan.due[1].key == "E9");
  CHECK(plan.due[0].action == Action::kSuspend);
  CHECK(plan.due[0].at == *StartOf(last, "Europe/Berlin"));
  CHECK(plan.due[0].reason == "its record matches left then: (end_date<today)");
}

TEST_CASE("of many who leave by a date the soonest thousand are told") {
  World world = CompanyOf(5000);
  world.policy.timezone = "UTC";
  const Date today{std::chrono::floor<std::chrono::days>(world.now)};
  int days = 5000;
  for (Row& row : world.rows) {
    if (row.kind == Kind::kUser) row.leaves_on = today + std::chrono::days(days--);
  }
  const auto due = world.Plan().plan.due;
  REQUIRE(due.size() == 1000);
  CHECK(due.front().at == Instant(today + std::chrono::days(1)));
  CHECK(due.back().at == Instant(today + std::chrono::days(1000)));
}

TEST_CASE("an adopted user is suspended but never deleted") {
  World world = CompanyOf(2);
  world.state.rows.begin()->second.entity.ownership = Ownership::kAdopted;
  world.policy.rules[0].absent = config::AbsentPolicy::kDelete;
  world.policy.rules[0].delete_after = hours(1);
  world.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend E1", "user delete E2"});
  world.Pass(hours(1000));
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("an adopted contact is kept and named, unless delete_adopted") {
  World world;
  world.Add(Contact("C1"));
  world.Add(Contact("C2"));
  world.Sync();
  world.state.rows.begin()->second.entity.ownership = Ownership::kAdopted;
  world.Get(Kind::kContact, "C1").standing = Standing::kLeft;
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.warnings.size() == 1);
  CHECK(Contains(plan.warnings[0], "C1"));
  CHECK(Contains(plan.warnings[0], "ucaas-sync status"));
  world.Remove(Kind::kContact, "C1");
  const auto missing = world.Plan();
  CHECK(missing.plan.warnings == plan.warnings);
  REQUIRE(missing.notes.standstills.size() == 1);
  CHECK(missing.notes.standstills[0].word == PlanNotes::Standstill::Word::kKept);
  CHECK(missing.plan.due.empty());
  world.Add(Contact("C1"));
  world.Get(Kind::kContact, "C1").standing = Standing::kLeft;
  world.policy.rules[2].delete_adopted = true;
  CHECK(Lines(world.Plan().plan) == Texts{"contact delete C1"});
}

TEST_CASE("absent: keep keeps who is missing, and still acts on evidence") {
  World world = CompanyOf(3);
  world.policy.rules[0].absent = config::AbsentPolicy::kKeep;
  world.policy.rules[0].absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.Get(Kind::kUser, "E3").standing = Standing::kLeft;
  const auto result = world.Plan();
  CHECK(Lines(result.plan) == Texts{"user suspend E3"});
  CHECK(result.plan.due.empty());
}

TEST_CASE("a rule that is gone from the configuration removes nobody") {
  World world = CompanyOf(3);
  world.policy.rules[0].source = 1;
  world.policy.rules[0].absent_after = Duration::zero();
  world.rows.clear();
  world.Add(User("E1"));
  world.Get(Kind::kUser, "E1").source = 1;
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.warnings.size() == 1);
  CHECK(Contains(plan.warnings[0], "2 entities"));
}

TEST_CASE("whom a filter keeps out now is absent, and the plan counts them and names the filter and its line") {
  World world = CompanyOf(30);
  for (int i = 1; i <= 12; ++i) {
    Row& row = world.Get(Kind::kUser, "E" + std::to_string(i));
    row.standing = Standing::kFilteredOut;
    row.reason = "the filter of users from hr (config.yaml:7)";
  }
  const auto first = world.Sync();
  CHECK(first.plan.operations.empty());
  REQUIRE(first.plan.warnings.size() == 1);
  CHECK(
      first.plan.warnings[0].starts_with("12 known users do not match the filter of users from hr (config.yaml:7): E"));
  CHECK(Contains(first.plan.warnings[0], " and 2 more; absent by that"));
  REQUIRE(first.plan.due.size() == 12);
  CHECK(first.plan.due[0].reason == "does not match the filter of users from hr (config.yaml:7) since 2026-11-01");
  world.Pass(hours(24));
  const auto second = world.Sync();
  REQUIRE(second.plan.operations.size() == 12);
  CHECK(Contains(second.plan.operations.At(0).reason, "does not match the filter of users from hr"));
  CHECK(world.Plan().plan.warnings.empty());
}

TEST_CASE("whom one record lets in is not kept out by another, and who is unknown is not counted") {
  World world = CompanyOf(3);
  Row other = world.Get(Kind::kUser, "E2");
  other.standing = Standing::kFilteredOut;
  world.rows.insert(world.rows.begin(), other);
  Row stranger = User("E9");
  stranger.standing = Standing::kFilteredOut;
  world.Add(stranger);
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.warnings.empty());
  CHECK(plan.due.empty());
}

TEST_CASE("whoever comes from another source now is missed in that one") {
  World world = CompanyOf(3);
  world.Remove(Kind::kUser, "E2");
  world.Add(OfOther(User("E2")));
  CHECK(world.Sync().plan.operations.empty());
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.SetOtherThere(false);
  CHECK(world.Plan().plan.operations.empty());
  world.SetOtherThere(true);
  world.Add(OfOther(User("X1")));
  CHECK(Lines(world.Plan().plan) == std::vector<std::string>{"user suspend E2", "user create X1"});
}

TEST_CASE("what another source says of somebody waits while their own cannot be read") {
  for (const Standing standing : {Standing::kLeft, Standing::kPresent}) {
    CAPTURE(standing);
    World world = CompanyOf(3);
    world.Sync();
    const Row own = world.Get(Kind::kUser, "E1");
    world.rows.clear();
    world.healthy[0] = false;
    Row other = OfOther(User("E1", {{"department", "Elsewhere"}}));
    other.standing = standing;
    world.Add(other);
    const auto result = world.Sync();
    CHECK(result.plan.operations.empty());
    CHECK(result.notes.moved.empty());
    world.healthy[0] = true;
    world.rows = {own, User("E2"), User("E3")};
    CHECK(world.Sync().plan.operations.empty());
  }
}

TEST_CASE("a group whose last record left stays while another source that may name it cannot be read") {
  World world;
  world.policy.guards = WideGuards();
  world.policy.rules.push_back(world.policy.rules[1]);
  world.policy.rules.back().source = 1;
  for (const std::string name : {"Labs", "Sales"}) world.Add(Group(name));
  world.Sync();
  world.Get(Kind::kGroup, "Labs").standing = Standing::kLeft;
  world.healthy[1] = false;
  CHECK(world.Sync().plan.operations.empty());
  world.healthy[1] = true;
  CHECK(Lines(world.Sync().plan) == Texts{"group delete Labs"});
}

TEST_CASE("a group is gone when every source that names groups is read and none names it") {
  World world = CompanyOf(2);
  world.policy.rules.push_back(world.policy.rules[1]);
  world.policy.rules.back().source = 1;
  world.Add(Group("Sales"));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kGroup, "Sales");
  world.SetOtherThere(false);
  CHECK(world.Plan().plan.operations.empty());
  world.SetOtherThere(true);
  world.Add(OfOther(User("X1")));
  world.bad_rows = {{.line = 9, .values = {"garbage"}, .source = 1}};
  CHECK(Lines(world.Plan().plan) == std::vector<std::string>{"user create X1"});
  world.bad_rows.clear();
  CHECK(Lines(world.Plan().plan).size() == 2);
}

}  // namespace
}  // namespace ucaas_sync::plan
