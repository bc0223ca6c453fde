#include "tests/sim/machine.h"

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/plan/drift.h"
#include "daemon/plan/revert.h"
#include "tests/sim/apply_plan.h"
#include "tests/support/target_listing.h"

namespace ucaas_sync::sim {
namespace {

constexpr Duration kRefresh = std::chrono::hours(24);

}  // namespace

Machine::Machine(const Settings& settings, Instant start) : program_(settings) {
  store_.emplace(fuse);
  clock.now = start;
  target.on_request = [this](const HttpRequest& /*request*/) { fuse.Burn(); };
}

std::optional<plan::TargetListing> Machine::ListTarget() const {
  if (!store_->IsEmpty()) return std::nullopt;
  return testing::ListingOf(target);
}

void Machine::Approve(const RunReport& report) {
  store_->approvals.push_back({.subject = "run",
                               .who = "ada",
                               .reason = {},
                               .at = clock.now,
                               .until = clock.now + kApprovalLasts,
                               .scope = report.notes.consent});
}

void Machine::Hold(const StoredHold& hold) {
  store_->holds[hold.key] = hold;
}

void Machine::Release(const std::string& key) {
  store_->holds.erase(key);
  std::erase_if(store_->revert_holds, [&key](const auto& hold) { return hold.first.second == key; });
}

void Machine::LoseState() {
  store_.emplace(fuse);
  looked_at_.reset();
}

std::optional<Foreseen> Machine::Plan(const Export& day, Instant now) {
  const auto listing = ListTarget();
  auto planned = program_.MakePlan(day, now, *store_, listing ? &*listing : nullptr);
  if (!planned) return std::nullopt;
  return Foreseen{.plan = std::move(planned->plan), .notes = std::move(planned->notes)};
}

template <typename Body>
RunReport Machine::Attempt(Body&& body) {
  RunReport report;
  report.at = clock.now;
  log.clear();
  try {
    report.run = store_->BeginRun({.trigger = "command", .at = clock.now});
    body(report);
  } catch (const Crash&) {
    report.end = RunReport::End::kCrashed;
  }
  fuse.left = -1;
  std::copy_if(log.begin(), log.end(), std::back_inserter(report.writes),
               [](const std::string& request) { return !request.starts_with("GET "); });
  return report;
}

RunReport Machine::Sync(const Export& day) {
  return Attempt([&](RunReport& report) {
    Run(day, report);
    if (report.end == RunReport::End::kDone || report.end == RunReport::End::kHeld) LookAtTarget();
    if (!store_->Drift().empty()) report.notes.due_at = clock.now;
  });
}

RunReport Machine::Revert(const Export& /*day*/, const RunReport& past) {
  return Attempt([&](RunReport& report) {
    report.is_revert = true;
    RunRevert(past.run, report);
  });
}

void Machine::Run(const Export& day, RunReport& report) {
  const auto listing = ListTarget();
  auto planned = program_.MakePlan(day, clock.now, *store_, listing ? &*listing : nullptr);
  if (!planned) {
    report.end = RunReport::End::kSource;
    store_->FinishRun(report.run, ExitCode::kSource, "refused", 0, {}, clock.now);
    return;
  }
  report.was_planned = true;
  report.plan = std::move(planned->plan);
  report.notes = std::move(planned->notes);
  if (report.plan.held) {
    report.end = RunReport::End::kHeld;
    store_->RecordHeldNotes(report.notes);
    store_->FinishRun(report.run, ExitCode::kHeld, "held", 0, report.plan.summary, clock.now);
    return;
  }
  store_->RecordNotes(report.run, report.notes, report.plan.quarantine, planned->histories);
  store_->ReplaceDue(report.plan.due);
  Apply(report);
  store_->RecordRepairs(report.run, report.notes.repairs);
  Finish(report);
}

void Machine::RunRevert(const std::string& past, RunReport& report) {
  plan::RevertInputs inputs{.run = past, .done = {}, .config_hash = "c0", .new_id = {}};
  for (const Operation& operation : store_->DoneBy(past)) {
    if (operation.key.empty()) {
      ++inputs.forgotten;
    } else {
      inputs.done.push_back(operation);
    }
  }
  plan::Revert revert = plan::PlanRevert(inputs, *store_, program_.policy(), clock.now);
  report.was_planned = true;
  report.plan = std::move(revert.plan);
  report.notes.consent = std::move(revert.consent);
  if (report.plan.held) {
    report.end = RunReport::End::kHeld;
    store_->FinishRun(report.run, ExitCode::kHeld, "held", 0, report.plan.summary, clock.now);
    return;
  }
  store_->PutRevertHolds(report.plan, clock.now);
  Apply(report);
  Finish(report);
}

void Machine::Apply(RunReport& report) {
  report.applied = ApplyPlan(report.run, report.plan, *store_, target, clock);
}

void Machine::Finish(RunReport& report) {
  const bool has_new = std::any_of(report.plan.quarantine.begin(), report.plan.quarantine.end(),
                                   [](const QuarantineItem& item) { return item.is_new; });
  const bool is_partial = report.applied.code == ExitCode::kConverged && has_new;
  store_->FinishRun(report.run, is_partial ? ExitCode::kPartial : report.applied.code, report.applied.message,
                    report.applied.failed, report.plan.summary, clock.now);
}

void Machine::LookAtTarget() {
  if (store_->IsEmpty() || (looked_at_ && clock.now - *looked_at_ < kRefresh)) return;
  const plan::TargetListing listing = testing::ListingOf(target);
  const plan::DriftScope scope = plan::DriftScopeOf(program_.policy());
  plan::GroupKeys groups;
  for (const StoredEntity& row : RowsOf(*store_)) {
    if (row.kind == Kind::kGroup && row.lifecycle != Lifecycle::kGone) groups.emplace(row.remote_id, row.key);
  }
  std::vector<DriftFinding> found;
  for (const StoredEntity& row : RowsOf(*store_)) {
    if (row.lifecycle == Lifecycle::kGone) continue;
    const auto& objects = listing.objects[Index(row.kind)];
    const auto shown = std::find_if(objects.begin(), objects.end(),
                                    [&](const auto& object) { return object.remote_id == row.remote_id; });
    if (shown == objects.end()) {
      found.push_back({.entity_id = row.id, .missing = true, .shown = {}, .groups = {}});
    } else if (auto finding = plan::DriftOf(row, *shown, scope, groups)) {
      found.push_back(*std::move(finding));
    }
  }
  store_->RecordLook(std::move(found), looked_at_);
  looked_at_ = clock.now;
}

bool Machine::Forget(const Export& /*day*/, const std::string& key) {
  for (const Kind kind : {Kind::kUser, Kind::kContact}) {
    const auto row = store_->Find(kind, key);
    if (row && row->lifecycle == Lifecycle::kActive) return false;
  }
  return store_->Forget(key, clock.now);
}

}  // namespace ucaas_sync::sim
