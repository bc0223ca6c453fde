// A whole state in memory, for tests of what writes one: rows, memberships and the journal, with a log of the order in
// which it was written. Single-threaded.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::testing {

class MemoryStore final : public StateStore {
 public:
  struct Row {
    StoredEntity entity;
    Hash128 fingerprint;
  };

  /// `log` gets "mark SEQ" and, for each commit, "commit SEQ SEQ …"; it must outlive the store.
  explicit MemoryStore(std::vector<std::string>& log) : log_(log) {}

  std::map<std::int64_t, Row> rows;
  std::set<std::pair<std::int64_t, std::int64_t>> memberships;  // contact, group
  std::map<std::uint64_t, OperationOutcome> outcomes;           // by seq, the last word of each
  std::map<std::uint64_t, std::vector<Attempt>> attempts;       // of what has no outcome, or was put off
  std::map<std::pair<std::string, std::string>, StoredQuarantine> quarantine;
  std::vector<UnknownCreate> unknown;
  std::set<std::pair<Kind, std::string>> others;  // kind, remote id
  std::vector<StoredHold> holds;
  std::vector<DriftFinding> drift;
  std::uint64_t mark = 0;

  std::int64_t Add(StoredEntity entity);
  void Join(std::int64_t contact, std::int64_t group) { memberships.emplace(contact, group); }
  const StoredEntity* Has(Kind kind, std::string_view key) const;
  Hash128 FingerprintOf(Kind kind, std::string_view key) const;

  bool IsEmpty() const override { return rows.empty(); }
  std::uint64_t Version() const override { return version_; }
  const std::vector<std::string>& SourceNames() const override { return source_names_; }
  std::size_t CountKnown() const override { return rows.size(); }
  void ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const override;
  StoredEntity Load(std::int64_t id) const override;
  std::optional<StoredEntity> Find(Kind kind, std::string_view key) const override;
  void ForEachMembership(const std::function<void(std::int64_t, std::int64_t)>& visit) const override;
  std::vector<PlanNotes::Absence> Absences() const override { return {}; }
  std::vector<DriftFinding> Drift() const override { return drift; }
  std::vector<DriftRepair> Repairs() const override { return {}; }
  std::vector<StoredQuarantine> Quarantined() const override;
  std::vector<StoredHold> Holds(Instant /*now*/) const override { return holds; }
  std::optional<SnapshotHistory> LastGoodSnapshot(std::string_view /*source*/) const override { return std::nullopt; }
  bool FirstRunFinished() const override { return true; }
  std::vector<Hash128> PendingCreates(Kind /*kind*/) const override { return {}; }
  std::vector<PastRemoval> RemovalsSince(Instant /*since*/) const override { return {}; }
  std::vector<Approval> Approvals(Instant /*now*/) const override { return {}; }
  std::optional<Instant> Forgotten(std::string_view /*key*/) const override { return std::nullopt; }

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
  std::vector<UnknownCreate> UnknownCreates() const override { return unknown; }
  bool WasOthers(Kind kind, std::string_view remote_id) const override {
    return others.contains({kind, std::string(remote_id)});
  }

  void Bind(const std::string& /*base_url*/, const std::string& /*credential_id*/) override {}
  std::vector<RunRecord> Runs(std::size_t limit) const override;
  bool PlanWasUsed(const std::string& used) const override { return used_plans_.contains(used); }
  void MarkPlanUsed(const std::string& used, Instant /*at*/) override { used_plans_.insert(used); }
  std::vector<DueItem> Due() const override { return due_; }
  void ReplaceDue(std::span<const DueItem> due) override { due_.assign(due.begin(), due.end()); }

 private:
  Row* RowOf(const StoredEntity& entity);
  void Write(const OperationOutcome& outcome);

  std::vector<std::string>& log_;
  std::vector<std::string> source_names_{"hr"};
  std::map<std::uint64_t, Operation> operations_;  // of the last plan
  std::vector<RunRecord> runs_;
  std::set<std::string> used_plans_;
  std::vector<DueItem> due_;
  std::int64_t next_id_ = 1;
  std::uint64_t version_ = 1;
};

}  // namespace ucaas_sync::testing
