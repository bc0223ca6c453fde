// A state in memory, for tests: a StateView whose every answer can be set, and which can take a plan as if the target
// had accepted all of it. Single-threaded.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/plan.h"
#include "daemon/model/store.h"

namespace ucaas_sync::testing {

class MemoryState : public StateView {
 public:
  struct Row {
    StoredEntity entity;
    Hash128 fingerprint;
    bool was_outside = false;
  };
  std::map<std::int64_t, Row> rows;
  std::set<std::pair<std::int64_t, std::int64_t>> memberships;  // contact, group
  std::vector<std::string> source_names;
  std::vector<PlanNotes::Absence> absences;
  std::vector<DriftFinding> drift;
  std::vector<DriftRepair> repairs;
  std::vector<StoredQuarantine> quarantine;
  std::vector<StoredHold> holds;
  std::map<std::string, SnapshotHistory> snapshots;
  std::vector<PastRemoval> removals;
  std::vector<Approval> approvals;
  std::map<std::string, Instant> forgotten;
  std::vector<UnknownCreate> unknown_creates;
  std::set<std::pair<Kind, std::string>> others;             // kind, remote id
  std::map<Kind, std::vector<std::string>> pending_creates;  // keys
  bool first_run_finished = true;
  std::uint64_t version = 1;
  mutable std::uint64_t loads = 0;  ///< How often a whole row was asked for.

  /// Adds a row as if it had been synced before; the fingerprint is left zero (compare in full).
  std::int64_t Add(Kind kind, const std::string& key, FieldSet fields, const std::string& source = "hr");
  /// Does what the plan says, as a target that accepts everything would, and notes what it found.
  void Apply(const Plan& plan, const PlanNotes& notes, Instant now);

  bool IsEmpty() const override { return rows.empty(); }
  std::uint64_t Version() const override { return version; }
  const std::vector<std::string>& SourceNames() const override { return source_names; }
  std::size_t CountKnown() const override { return rows.size(); }
  void ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const override;
  StoredEntity Load(std::int64_t id) const override;
  std::optional<StoredEntity> Find(Kind kind, std::string_view key) const override;
  void ForEachMembership(const std::function<void(std::int64_t, std::int64_t)>& visit) const override;
  std::vector<PlanNotes::Absence> Absences() const override { return absences; }
  std::vector<DriftFinding> Drift() const override { return drift; }
  std::vector<DriftRepair> Repairs() const override { return repairs; }
  std::vector<StoredQuarantine> Quarantined() const override { return quarantine; }
  std::vector<StoredHold> Holds(Instant now) const override;
  std::optional<SnapshotHistory> LastGoodSnapshot(std::string_view source) const override;
  bool FirstRunFinished() const override { return first_run_finished; }
  std::vector<Hash128> PendingCreates(Kind kind) const override;
  std::vector<PastRemoval> RemovalsSince(Instant since) const override;
  std::vector<UnknownCreate> UnknownCreates() const override { return unknown_creates; }
  bool WasOthers(Kind kind, std::string_view remote_id) const override {
    return others.contains({kind, std::string(remote_id)});
  }
  std::vector<Approval> Approvals(Instant now) const override;
  std::optional<Instant> Forgotten(std::string_view key) const override;

 private:
  void Do(const Operation& operation, Instant now);
  std::uint16_t SourceIndex(const std::string& name) const;
  std::int64_t next_id_ = 1;
  std::uint64_t next_remote_ = 70001;
};

}  // namespace ucaas_sync::testing
