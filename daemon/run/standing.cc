#include "daemon/run/standing.h"

#include <array>
#include <string>

#include "daemon/plan/consent.h"
#include "daemon/report/quarantine.h"

namespace ucaas_sync::run {
namespace {

std::optional<report::Status::Held> HeldOf(const state::SqliteStore& store, Instant now) {
  const auto held = store.Held();
  if (!held) return std::nullopt;
  report::Status::Held out{
      .run = held->run, .since = held->since, .scope = held->scope, .approved_by = {}, .approved_why = {}, .ended = {}};
  // Whether it covers the next plan is for that plan to find out; that somebody agreed to all of this is known.
  std::optional<ConsentScope> all;
  for (const Approval& approval : store.Approvals(now)) {
    if (approval.subject != held->run) {
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

}  // namespace

report::Status StandingOf(const state::SqliteStore& store, std::size_t runs, Instant now) {
  return {.runs = store.Runs(runs),
          .quarantine = report::WithHolds(store.Quarantined(), store.Holds(now)),
          .held = HeldOf(store, now),
          .left_alone = store.LeftAlones(),
          .kept = store.Kept(),
          .due = store.Due(),
          .next_run = store.DueAt()};
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
