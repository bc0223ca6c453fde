#include "daemon/run/standing.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "connectors/sources.h"
#include "daemon/plan/consent.h"
#include "daemon/report/quarantine.h"
#include "daemon/run/reading.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

std::optional<report::Status::Held> HeldOf(const state::SqliteStore& store, Instant now) {
  const auto held = store.Held();
  if (!held) return std::nullopt;
  report::Status::Held out{
      .run = held->run, .since = held->since, .scope = held->scope, .approved_by = {}, .approved_why = {}, .ended = {}};
  // Whether it covers the next plan is for that plan to find out; that somebody agreed to all of this is known.
  std::optional<ConsentScope> all;
  const std::optional<RunRecord> run = store.FindRun(held->run);
  for (const Approval& approval : store.Approvals(now)) {
    if (approval.subject != held->run) {
      // One that was there before did not let that run pass.
      if (run && approval.at <= run->started) continue;
      if (!all) all = store.ScopeOfRun(held->run);
      if (!all || !plan::CoversAll(approval.scope, *all)) continue;
    }
    out.approved_by = plan::ApprovedBy(approval);
    out.approved_why = approval.reason;
  }
  for (const Approval& approval : store.EndedApprovals(now)) {
    if (approval.at < held->since) continue;
    out.ended = plan::ApprovedBy(approval);
    break;
  }
  return out;
}

void TellDrift(const state::SqliteStore& store, report::Status& status) {
  constexpr std::size_t kMost = 1'000;
  const std::vector<DriftFinding> drift = store.Drift();
  status.drifted_count = drift.size();
  for (std::size_t i = 0; i < std::min(drift.size(), kMost); ++i) {
    const StoredEntity entity = store.Load(drift[i].entity_id);
    report::Status::Drifted item{.kind = entity.kind, .key = entity.key, .missing = drift[i].missing, .attributes = {}};
    for (const auto& [field, shown] : drift[i].shown) item.attributes.emplace_back(FieldsOf(entity.kind)[field].name);
    if (drift[i].groups) item.attributes.emplace_back("groups");
    status.drifted.push_back(std::move(item));
  }
}

/// As it is in the journal by now, with what became of it.
RunRecord WithEnd(const state::SqliteStore& store, RunRecord run, Instant now) {
  if (run.ended || state::RunLock::IsHeld(store.path().parent_path())) return run;
  // It may have ended since it was read. With the lock free after it began, nobody ends it any more but the next run.
  if (auto read_again = store.FindRun(run.id)) run = *std::move(read_again);
  if (run.ended) return run;
  run.ended = now;
  run.message = state::kCutOff;
  return run;
}

report::SourceStanding SourceOf(const config::SourceConfig& source, const state::SqliteStore& store, Instant now) {
  report::SourceStanding standing;
  standing.name = source.name.value;
  standing.max_age = source.max_age;
  const SourceFiles found = LookForFiles(source);
  auto problem = found.problem;
  if (!problem) problem = TooOld(source, found.files, now);
  if (!problem) problem = OlderThanBefore(source, found.files, store);
  if (problem) standing.problem = problem->ToString();
  for (const FileIdentity& file : found.files) {
    const Instant written{std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(file.mtime_ns))};
    standing.written_at = std::max(standing.written_at.value_or(written), written);
  }
  if (const auto last = store.LastGoodSnapshot(source.name.value)) {
    standing.records = last->records;
    standing.read_at = last->read_at;
  }
  return standing;
}

}  // namespace

std::vector<RunRecord> RunsOf(const state::SqliteStore& store, std::size_t limit, Instant now) {
  std::vector<RunRecord> runs = store.Runs(limit);
  for (RunRecord& run : runs) run = WithEnd(store, std::move(run), now);
  return runs;
}

std::optional<RunRecord> RunOf(const state::SqliteStore& store, const std::string& id, Instant now) {
  auto run = store.FindRun(id);
  if (run) run = WithEnd(store, *std::move(run), now);
  return run;
}

report::Status StandingOf(const state::SqliteStore& store, const std::vector<config::SourceConfig>& sources,
                          std::size_t runs, Instant now) {
  report::Status status{.runs = RunsOf(store, runs, now),
                        .quarantine = report::WithHolds(store.Quarantined(), store.Holds(now)),
                        .held = HeldOf(store, now),
                        .left_alone = store.LeftAlones(),
                        .kept = store.Kept(),
                        .drifted = {},
                        .drifted_count = 0,
                        .sources = {},
                        .due = store.Due(),
                        .next_run = store.DueAt()};
  TellDrift(store, status);
  for (const config::SourceConfig& source : sources) status.sources.push_back(SourceOf(source, store, now));
  return status;
}

bool IsAllHeld(const state::SqliteStore& store) {
  const auto held = store.Held();
  return held && std::any_of(held->scope.guards.begin(), held->scope.guards.end(),
                             [](const ConsentGuard& guard) { return guard.holds_everything; });
}

report::Inventory InventoryOf(const state::SqliteStore& store) {
  static constexpr std::array<const char*, 3> kStates{"active", "suspended", "deleted"};  // by Lifecycle
  report::Inventory inventory;
  const auto entities = store.CountEntities();
  for (const Kind kind : kAllKinds) {
    const std::string name(Name(kind));
    for (std::size_t state = 0; state < kStates.size(); ++state) {
      inventory.entities[{name, kStates[state]}] = entities[Index(kind)][state];
    }
    inventory.quarantined[name] = 0;
  }
  inventory.quarantined["record"] = 0;
  for (const StoredQuarantine& item : store.Quarantined()) ++inventory.quarantined[item.kind];
  inventory.held = store.Held().has_value();
  return inventory;
}

}  // namespace ucaas_sync::run
