#include "tests/sim/history.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "daemon/plan/plan_json.h"

namespace ucaas_sync::sim {
namespace {

constexpr Instant kStart = std::chrono::sys_days{std::chrono::year{2026} / 10 / 20};  // DST ends within days

/// But for the id, which is random, and for when it was made: a run may have asked the target something before.
std::string AsJson(Plan plan) {
  plan.id.clear();
  plan.created_at = {};
  std::ostringstream out;
  plan::WritePlan(plan, out);
  return out.str();
}

/// Without what is said to people of an approval that does not cover it: it may end while a run still asks the target.
Plan WithoutApprovals(Plan plan) {
  for (GuardVerdict& guard : plan.guards) {
    if (!guard.held) continue;
    guard.examples.clear();
    guard.more = 0;
    guard.advice.clear();
    plan.hash.clear();
  }
  return plan;
}

bool IsHeldBySomething(const Plan& plan) {
  return std::any_of(plan.guards.begin(), plan.guards.end(), [](const GuardVerdict& guard) { return guard.held; });
}

/// Then a sync looks at the whole account first, which a dry run does on demand alone.
bool IsHeldForCreates(const ucaas_sync::Plan& plan) {
  return std::any_of(plan.guards.begin(), plan.guards.end(),
                     [](const GuardVerdict& guard) { return guard.held && guard.name.ends_with(".create"); });
}

/// A sync that has to look at the account first, and gets no answer, leaves for later whom a dry run shows as new.
bool WaitsForList(const ucaas_sync::Plan& plan) {
  return std::any_of(plan.warnings.begin(), plan.warnings.end(), [](const std::string& warning) {
    return warning.ends_with("not known, since it could not be listed");
  });
}

}  // namespace

History::History(std::uint64_t seed, const Install& install, std::size_t days)
    : seed_(seed),
      days_(days),
      random_(seed),
      settings_(Settings::Draw(random_)),
      machine_(install(settings_, kStart + std::chrono::minutes(random_.Below(24 * 60)))),
      world_(1 + random_.Below(18), Today(), random_),
      auditor_(settings_) {
  Say(settings_.ToString() + "; " + std::to_string(world_.people.size()) + " people");
}

Violations History::Live() {
  if (random_.Chance(25)) MakeByHand();
  const std::size_t days = days_ + random_.Below(days_ + 4);
  for (std::size_t i = 0; i < days; ++i) {
    if (!Day()) return violations_;
  }
  Rest();
  return violations_;
}

std::string History::Trace() const {
  std::string text = "seed " + std::to_string(seed_) + ": ";
  for (const std::string& line : trace_) text += line + "\n  ";
  for (const std::string& violation : violations_) text += "VIOLATED: " + violation + "\n  ";
  return text;
}

bool History::Day() {
  PassTime();
  world_.today = Today();
  LetThingsHappen();
  return Run();
}

void History::PassTime() {
  const Instant now = machine_->clock.now;
  Instant then = now;
  switch (random_.Below(7)) {
    case 0:
      then = now + std::chrono::minutes(5);
      break;
    case 1:
      then = now + std::chrono::hours(6);
      break;
    case 2:
      then = now + std::chrono::hours(24);
      break;
    case 3:
      then = *StartOf(Today() + std::chrono::days(1), settings_.timezone);
      break;
    case 4:
      then = due_at_ && *due_at_ > now ? *due_at_ : now + std::chrono::hours(12);
      break;
    case 5:
      then = now + std::chrono::hours(25);
      break;
    default:
      then = now + std::chrono::hours(24 * (1 + static_cast<int>(random_.Below(5))));
      break;
  }
  machine_->clock.now = then;
  Say(FormatInstant(then));
}

void History::LetThingsHappen() {
  if (must_repeat_ || (runs_ > 0 && random_.Chance(15))) {
    Say("  the files are as they were");
    return;
  }
  const std::size_t events = random_.Below(4);
  for (std::size_t i = 0; i < events; ++i) Say("  " + world_.Happen(random_));
  TouchByHand();
  today_ = world_.TakeExport();
  if (random_.Chance(25)) Say("  " + Spoil(today_, random_));
}

void History::TouchByHand() {
  if (random_.Chance(3)) MakeByHand();
  if (random_.Chance(8)) ChangeByHand();
  if (random_.Chance(3)) ForgetSomebody();
  if (random_.Chance(1)) LoseState();
  if (random_.Chance(6)) {
    const std::string key = "P" + std::to_string(1 + random_.Below(world_.people.size()));
    StoredHold hold;
    hold.key = key;
    hold.since = machine_->clock.now;
    if (random_.Chance(50)) hold.until = machine_->clock.now + std::chrono::hours(30);
    holds_[key] = hold;
    machine_->Hold(hold);
    Say("  " + key + " is held" + (hold.until ? " until " + FormatInstant(*hold.until) : ""));
  } else if (!holds_.empty() && random_.Chance(30)) {
    const std::string key = holds_.begin()->first;
    Say("  " + key + " is released");
    holds_.erase(key);
    machine_->Release(key);
    auditor_.NoteReleased(key);
  }
}

void History::ChangeByHand() {
  const Kind kind = kAllKinds[random_.Below(kAllKinds.size())];
  auto& list = machine_->target.objects[kind];
  if (list.empty()) return;
  Object& object = random_.Pick(list);
  // Twice in turn, and it would be left alone as something that the target itself rewrites.
  if (!touched_.insert(object.id).second) return;
  const std::string who = Called(kind, KeyShownBy(kind, object)) + " (" + object.id + ")";
  machine_->NoteTouched(kind, object.id);
  if (random_.Chance(35)) {
    auditor_.NoteDeletedByHand(kind, object);
    Say("  somebody deletes " + who + " at the target by hand");
    const std::string id = object.id;
    std::erase_if(list, [&id](const Object& one) { return one.id == id; });
    if (kind != Kind::kGroup) return;
    for (Object& contact : machine_->target.objects[Kind::kContact]) {
      if (std::erase(contact.group_ids, id) == 0) continue;
      touched_.insert(contact.id);
      // The program has not seen yet that the contact lost its group.
      machine_->NoteTouched(Kind::kContact, contact.id);
    }
    return;
  }
  auditor_.NoteTouched(kind, object.id);
  switch (kind) {
    case Kind::kUser:
      object.fields[random_.Chance(50) ? "department" : "designation"] = "Changed by hand";
      break;
    case Kind::kContact:
      if (random_.Chance(50) && !object.group_ids.empty()) {
        object.group_ids.clear();
      } else {
        object.fields["company"] = "Changed by hand";
      }
      break;
    case Kind::kGroup:
      touched_.erase(object.id);
      return;
  }
  Say("  somebody changes " + who + " at the target by hand");
}

void History::RevertSomething() {
  const RunReport& past = random_.Pick(past_);
  Say("  the run of " + FormatInstant(past.at) + " is reverted");
  auditor_.Before(machine_->scene());
  const RunReport report = machine_->Revert(today_, past);
  Say("  ⇠ " + report.ToString());
  if (report.end == RunReport::End::kCrashed) must_repeat_ = true;
  has_reverted_ = true;
  Audit(report);
}

void History::ForgetSomebody() {
  std::vector<std::string> gone;
  for (const auto& [id, person] : world_.people) {
    const bool is_there = std::any_of(today_.rows.begin(), today_.rows.end(),
                                      [&id = id](const HrRow& row) { return row.person.id == id; });
    if (!person.is_listed && !is_there && today_.broken.empty()) gone.push_back(id);
  }
  if (gone.empty()) return;
  const std::string key = random_.Pick(gone);
  const std::size_t foreign = auditor_.hand_made();
  auditor_.Before(machine_->scene());
  if (!machine_->Forget(today_, key)) return;
  Say("  " + key + " is forgotten");
  holds_.erase(key);
  const Violations wrong = auditor_.NoteForgotten(machine_->scene(), key);
  violations_.insert(violations_.end(), wrong.begin(), wrong.end());
  has_foreign_ = has_foreign_ || auditor_.hand_made() != foreign;
}

void History::LoseState() {
  Say("  the state is lost");
  machine_->LoseState();
  holds_.clear();
  past_.clear();
  auditor_.NoteLostState(machine_->target);
  has_foreign_ = true;
  due_at_.reset();
}

void History::ReleaseAll() {
  std::set<std::string> keys;
  for (const StoredHold& hold : machine_->scene().state.Holds(machine_->clock.now)) keys.insert(hold.key);
  for (const std::string& key : keys) {
    machine_->Release(key);
    auditor_.NoteReleased(key);
  }
  holds_.clear();
}

void History::MakeByHand() {
  has_foreign_ = true;
  const std::string email =
      random_.Chance(50) || world_.people.empty() ? world_.NextEmail() : world_.people.begin()->second.email;
  Kind kind = Kind::kUser;
  std::map<std::string, std::string> fields;
  switch (random_.Below(4)) {
    case 0:
      kind = Kind::kGroup;
      fields = {{"name", random_.Pick(world_.departments)}};
      break;
    case 1:
      kind = Kind::kContact;
      fields = {{"name", "Hand Made"}, {"email", email}};
      break;
    default:
      fields = {{"user_type", random_.Chance(40) ? "admin" : "user"},
                {"first_name", kHandMadeName},
                {"last_name", "Made"},
                {"email", email},
                {"status", random_.Chance(80) ? "A" : "S"}};
      break;
  }
  const std::string address = kind == Kind::kGroup ? fields["name"] : email;
  if (machine_->target.With(kind, address) != nullptr) return;
  auditor_.NoteHandMade(kind, machine_->target.Add(kind, std::move(fields)));
  Say("  somebody makes " + std::string(Name(kind)) + ' ' + address + " at the target by hand");
}

bool History::Audit(const RunReport& report) {
  const Violations wrong = auditor_.After(machine_->scene(), today_, report);
  violations_.insert(violations_.end(), wrong.begin(), wrong.end());
  return violations_.empty();
}

RunReport History::Sync() {
  has_learned_ = false;
  machine_->on_learned = [this] {
    has_learned_ = true;
    auditor_.NoteLearned(machine_->scene());
  };
  auditor_.Before(machine_->scene());
  return machine_->Sync(today_);
}

bool History::Run() {
  if (!violations_.empty()) return false;
  if (!past_.empty() && !must_repeat_ && random_.Chance(4)) RevertSomething();
  if (!violations_.empty()) return false;
  if (random_.Chance(15)) machine_->fuse.left = static_cast<int>(random_.Below(60));
  const Instant now = machine_->clock.now;
  const bool looks_twice = random_.Chance(10);
  const auto first = looks_twice ? machine_->Plan(today_, now) : std::nullopt;
  const RunReport report = Sync();
  ++runs_;
  Say("  → " + report.ToString());
  Audit(report);
  // Of a run that was cut off the plan may be one that it made before it looked at the account.
  const bool is_final = report.was_planned && report.end != RunReport::End::kCrashed && !WaitsForList(report.plan);
  const bool is_timely = !first || !first->notes.due_at || *first->notes.due_at > machine_->clock.now;
  const bool is_comparable = first && is_final && is_timely && !IsHeldForCreates(first->plan) && !has_learned_;
  if (is_comparable && AsJson(WithoutApprovals(first->plan)) != AsJson(WithoutApprovals(report.plan))) {
    violations_.emplace_back("two plans of the same files and state differ");
    Say("  first: " + AsJson(first->plan));
    Say("  then: " + AsJson(report.plan));
  }
  // What a cut-off run may have done is settled by the next one that gets through.
  if (report.end == RunReport::End::kCrashed) must_repeat_ = true;
  if (report.end == RunReport::End::kDone && report.applied.left == 0) must_repeat_ = false;
  if (report.end == RunReport::End::kDone && !report.run.empty() && report.applied.done != 0) past_.push_back(report);
  if (report.end == RunReport::End::kDone) {
    due_at_ = report.applied.needs_another ? report.at : report.notes.due_at;
    const bool is_smooth = report.applied.failed == 0 && report.applied.left == 0 && !report.had_trouble;
    if (random_.Chance(15) && is_smooth) CheckNextPlan(report);
  }
  if (report.end == RunReport::End::kHeld && !report.is_revert) CheckHeldPlan(report);
  // A run that broke off in the middle has said nothing that could be approved.
  const bool is_said = report.end == RunReport::End::kHeld || report.end == RunReport::End::kDone;
  if (is_said && report.was_planned && IsHeldBySomething(report.plan) && random_.Chance(40)) Approve(report);
  return violations_.empty();
}

void History::CheckHeldPlan(const RunReport& report) {
  const Instant soon = machine_->clock.now + Duration(1);
  if (report.notes.due_at && *report.notes.due_at <= soon) return;
  const auto next = machine_->Plan(today_, soon);
  if (next && !next->plan.held) {
    violations_.emplace_back("what a guard held would pass by now, and no run is due");
  }
}

void History::Approve(const RunReport& report) {
  machine_->Approve(report);
  auditor_.NoteApproval(report, machine_->clock.now);
  Say("  what is held is approved");
}

void History::CheckNextPlan(const RunReport& report) {
  constexpr Duration kMoment(1);
  constexpr Duration kLong = std::chrono::hours(24 * 20);
  const Instant soon = report.at + kMoment;
  const Instant due = due_at_ ? *due_at_ - kMoment : report.at + kLong;
  // Due at once, for what a look at the target has found.
  if (due <= soon || due <= machine_->clock.now) return;
  const auto next = machine_->Plan(today_, soon);
  const auto later = machine_->Plan(today_, due);
  if (!next || !later) return;
  if (!has_foreign_ && !next->plan.operations.empty()) {
    const Operation left = next->plan.operations.At(0);
    violations_.push_back("the next plan of the same files has something left to do: " + left.reason + " (" + left.key +
                          ")");
  }
  // A create that met somebody else's object adopted it, and the differences wait for the next run whenever it comes:
  // the guards' sums over a day and a week are then of that moment.
  if (has_foreign_ && !next->plan.operations.empty()) return;
  // What is said of an approval that has ended is another text, not another plan.
  if (later->plan.hash == next->plan.hash || IsHeldBySomething(next->plan)) return;
  violations_.push_back("the same files give another plan at " + FormatInstant(due) + ", and due_at says " +
                        (due_at_ ? FormatInstant(*due_at_) : "never"));
  Say("  next: " + AsJson(next->plan));
  Say("  later: " + AsJson(later->plan));
}

Date History::Today() const {
  return *DateIn(machine_->clock.now, settings_.timezone);
}

void History::Rest() {
  ReleaseAll();
  machine_->CalmDown();
  constexpr int kMostDays = 28;
  // The target is looked at once a day, and a day of rest has twenty hours.
  constexpr int kQuietDays = 3;
  bool was_approved = false;
  int good_days = 0;
  int quiet_days = 0;
  for (int day = 0; day < kMostDays; ++day) {
    // An approval serves for a day.
    machine_->clock.now += std::chrono::hours(was_approved ? 1 : 20);
    world_.today = Today();
    // A run that was cut off first finds what it left; then all quarrels are settled.
    const bool is_good = !must_repeat_;
    if (is_good) {
      if (++good_days <= 2) world_.GiveFreshEmails();
      today_ = world_.TakeExport();
    }
    Say(FormatInstant(machine_->clock.now) + "\n    a good day");
    const RunReport report = Sync();
    Say("  → " + report.ToString());
    Audit(report);
    if (report.end != RunReport::End::kHeld) must_repeat_ = false;
    if (!violations_.empty()) return;
    // Nobody is left, and an export without people is never believed.
    if (report.end == RunReport::End::kSource && is_good) return;
    was_approved = report.was_planned && IsHeldBySomething(report.plan);
    if (was_approved) Approve(report);
    // Who is protected is due for ever.
    const bool is_quiet = is_good && report.was_planned && report.plan.operations.empty() &&
                          (report.plan.due.empty() || has_foreign_) && !was_approved;
    quiet_days = is_quiet ? quiet_days + 1 : 0;
    if (quiet_days == kQuietDays) break;
  }
  if (quiet_days < kQuietDays) violations_.emplace_back("good days without a change leave something to do");
  const Violations problems = machine_->Problems();
  violations_.insert(violations_.end(), problems.begin(), problems.end());
  if (has_foreign_ || !violations_.empty()) return;
  violations_ = auditor_.AtRest(machine_->scene(), today_);
}

}  // namespace ucaas_sync::sim
