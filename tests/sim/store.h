// The state as the journal promises it, in memory: every write is one commit, and a fuse may burn through before or
// after each of them, as the power may fail. What is left is what a new process finds. Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/store.h"
#include "tests/sim/installation.h"

namespace ucaas_sync::sim {

class Store final : public StateStore {
 public:
  explicit Store(Fuse& fuse) : fuse_(fuse) {}

  struct Row {
    StoredEntity entity;
    Hash128 fingerprint;
    bool was_outside = false;
  };
  std::map<std::int64_t, Row> rows;
  std::map<std::string, StoredHold> holds;  ///< By people.
  std::map<std::pair<Kind, std::string>, StoredHold> revert_holds;
  std::vector<Approval> approvals;
  std::map<std::pair<std::string, std::string>, StoredQuarantine> planned_quarantine;
  std::map<std::pair<std::string, std::string>, StoredQuarantine> target_quarantine;

  const Row* RowOf(Kind kind, std::string_view key) const;

  // StateView.
  bool IsEmpty() const override { return rows.empty(); }
  std::uint64_t Version() const override { return version_; }
  const std::vector<std::string>& SourceNames() const override { return source_names_; }
  std::size_t CountKnown() const override { return rows.size(); }
  void ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const override;
  StoredEntity Load(std::int64_t id) const override;
  std::optional<StoredEntity> Find(Kind kind, std::string_view key) const override;
  void ForEachMembership(const std::function<void(std::int64_t, std::int64_t)>& visit) const override;
  std::vector<PlanNotes::Absence> Absences() const override { return absences_; }
  std::vector<StoredQuarantine> Quarantined() const override;
  std::vector<StoredHold> Holds(Instant now) const override;
  std::optional<SnapshotHistory> LastGoodSnapshot(std::string_view source) const override;
  bool FirstRunFinished() const override;
  std::vector<Hash128> PendingCreates(Kind kind) const override;
  std::vector<PastRemoval> RemovalsSince(Instant since) const override;
  std::vector<UnknownCreate> UnknownCreates() const override;
  /// Histories here begin with a listing of everything, and nobody else makes anything that a source asks for.
  bool WasOthers(Kind /*kind*/, std::string_view /*remote_id*/) const override { return false; }
  std::vector<Approval> Approvals(Instant now) const override;
  std::optional<Instant> Forgotten(std::string_view key) const override;
  std::vector<DriftFinding> Drift() const override;
  std::vector<DriftRepair> Repairs() const override;

  // Journal.
  std::string BeginRun(const RunStart& start) override;
  void StorePlan(const std::string& run, const Plan& plan) override;
  void AdvanceMark(const std::string& run, std::uint64_t seq) override;
  void RecordAndAdvance(const std::string& run, std::span<const OperationOutcome> batch, std::uint64_t seq) override;
  void RecordAttempts(const std::string& run, std::span<const UnansweredRequests> unanswered) override;
  void RecordOutcomes(const std::string& run, std::span<const OperationOutcome> batch) override;
  void RecordNotes(const std::string& run, const PlanNotes& notes, std::span<const QuarantineItem> items,
                   std::span<const SnapshotHistory> snapshots) override;
  void FinishRun(const std::string& run, ExitCode outcome, const std::string& message, std::uint64_t failed,
                 const std::array<KindSummary, kKindCount>& summary, Instant at) override;

  // StateStore.
  void Bind(const std::string& /*base_url*/, const std::string& /*credential_id*/) override {}
  std::vector<RunRecord> Runs(std::size_t limit) const override;
  bool PlanWasUsed(const std::string& /*used*/) const override { return false; }
  void MarkPlanUsed(const std::string& /*used*/, Instant /*at*/) override {}
  std::vector<DueItem> Due() const override { return due_; }
  void ReplaceDue(std::span<const DueItem> due) override { due_.assign(due.begin(), due.end()); }

  /// Of a held run.
  void RecordHeldNotes(const PlanNotes& notes);
  /// What the target was found to show otherwise; `before` is when it was looked at last.
  void RecordLook(std::vector<DriftFinding> found, const std::optional<Instant>& before);
  /// Of those, what the run has put back.
  void RecordRepairs(const std::string& run, const std::vector<DriftRepair>& repairs);
  /// Operations of a past run that the target accepted.
  std::vector<Operation> DoneBy(const std::string& run) const;
  /// Everybody whom the plan of a revert touches stays as is.
  void PutRevertHolds(const Plan& plan, Instant now);
  /// False when nothing was kept of `key`.
  bool Forget(const std::string& key, Instant at);

 private:
  struct Run {
    RunRecord record;
    std::map<std::uint64_t, Operation> operations;
    std::map<std::uint64_t, OperationOutcome> outcomes;
    std::set<std::pair<Kind, Action>> approved;  // removals that do not count in the sums
    std::uint64_t mark = 0;
  };
  using Who = std::pair<Kind, std::string>;

  /// `change` happens entirely or, when the fuse ends before it, not at all.
  template <typename Change>
  void Commit(Change&& change) {
    fuse_.Burn();
    change();
    fuse_.Burn();
  }
  Run& Open(const std::string& run);
  static std::vector<UnknownCreate> UnansweredOf(const Run& run);
  static void Remember(std::vector<UnknownCreate>& creates, const UnknownCreate& create);
  void RememberUnknowns(const Run& run);
  void WriteBatch(Run& run, std::span<const OperationOutcome> batch);
  void Write(Run& run, const OperationOutcome& outcome);
  void WriteRow(const Operation& operation, const OperationOutcome& outcome);
  void SettleFinding(std::int64_t id, const Operation& operation, const OperationOutcome& outcome);
  void AcceptDrift(const std::vector<DriftAcceptance>& accepted, Instant now);
  void NoteWhereSeen(const PlanNotes& notes);
  void SettleHolds(const std::vector<PlanNotes::HoldNote>& notes);
  std::uint16_t SourceIndex(const std::string& name) const;

  Fuse& fuse_;
  std::vector<std::string> source_names_;
  std::set<std::pair<std::int64_t, std::int64_t>> memberships_;  // contact, group
  std::vector<PlanNotes::Absence> absences_;
  std::map<std::string, SnapshotHistory> snapshots_;
  std::vector<PastRemoval> removals_;
  std::map<Who, std::vector<UnknownCreate>> unknown_creates_;  // oldest first, each address once
  std::vector<Run> runs_;
  std::vector<DueItem> due_;
  std::map<std::int64_t, DriftFinding> drift_;
  struct PutBack {
    DriftRepair repair;
    Instant at;
  };
  std::map<std::pair<std::int64_t, FieldId>, PutBack> repairs_;
  std::map<std::string, Instant> forgotten_;
  std::int64_t next_id_ = 1;
  std::uint64_t version_ = 1;
};

}  // namespace ucaas_sync::sim
