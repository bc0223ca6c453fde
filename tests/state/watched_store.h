// A state that tells of every commit that returned: forwards everything, and calls back after each call that writes.
// Borrows the state; single-threaded; what the state throws passes through, and is not told of.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::state {

class WatchedStore final : public StateStore {
 public:
  /// `acknowledged` gets the name of the call. Both must outlive this.
  WatchedStore(StateStore& store, std::function<void(const char* call)> acknowledged)
      : store_(store), acknowledged_(std::move(acknowledged)) {}

  bool IsEmpty() const override { return store_.IsEmpty(); }
  std::uint64_t Version() const override { return store_.Version(); }
  const std::vector<std::string>& SourceNames() const override { return store_.SourceNames(); }
  std::size_t CountKnown() const override { return store_.CountKnown(); }
  void ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const override { store_.ForEachKnown(visit); }
  StoredEntity Load(std::int64_t id) const override { return store_.Load(id); }
  std::optional<StoredEntity> Find(Kind kind, std::string_view key) const override { return store_.Find(kind, key); }
  void ForEachMembership(const std::function<void(std::int64_t, std::int64_t)>& visit) const override {
    store_.ForEachMembership(visit);
  }
  std::vector<PlanNotes::Absence> Absences() const override { return store_.Absences(); }
  std::vector<DriftFinding> Drift() const override { return store_.Drift(); }
  std::vector<DriftRepair> Repairs() const override { return store_.Repairs(); }
  std::vector<StoredQuarantine> Quarantined() const override { return store_.Quarantined(); }
  std::vector<StoredHold> Holds(Instant now) const override { return store_.Holds(now); }
  std::optional<SnapshotHistory> LastGoodSnapshot(std::string_view source) const override {
    return store_.LastGoodSnapshot(source);
  }
  bool FirstRunFinished() const override { return store_.FirstRunFinished(); }
  std::vector<Hash128> PendingCreates(Kind kind) const override { return store_.PendingCreates(kind); }
  std::vector<PastRemoval> RemovalsSince(Instant since) const override { return store_.RemovalsSince(since); }
  std::vector<UnknownCreate> UnknownCreates() const override { return store_.UnknownCreates(); }
  bool WasOthers(Kind kind, std::string_view remote_id) const override { return store_.WasOthers(kind, remote_id); }
  std::vector<Approval> Approvals(Instant now) const override { return store_.Approvals(now); }
  std::optional<Instant> Forgotten(std::string_view key) const override { return store_.Forgotten(key); }
  std::vector<RunRecord> Runs(std::size_t limit) const override { return store_.Runs(limit); }
  bool PlanWasUsed(const std::string& plan) const override { return store_.PlanWasUsed(plan); }
  std::vector<DueItem> Due() const override { return store_.Due(); }

  std::string BeginRun(const RunStart& start) override {
    std::string run = store_.BeginRun(start);
    acknowledged_("BeginRun");
    return run;
  }
  void StorePlan(const std::string& run, const Plan& plan) override {
    store_.StorePlan(run, plan);
    acknowledged_("StorePlan");
  }
  void AdvanceMark(const std::string& run, std::uint64_t seq) override {
    store_.AdvanceMark(run, seq);
    acknowledged_("AdvanceMark");
  }
  void RecordOutcomes(const std::string& run, std::span<const OperationOutcome> outcomes) override {
    store_.RecordOutcomes(run, outcomes);
    acknowledged_("RecordOutcomes");
  }
  void RecordAndAdvance(const std::string& run, std::span<const OperationOutcome> outcomes,
                        std::uint64_t seq) override {
    store_.RecordAndAdvance(run, outcomes, seq);
    acknowledged_("RecordAndAdvance");
  }
  void RecordAttempts(const std::string& run, std::span<const UnansweredRequests> unanswered) override {
    store_.RecordAttempts(run, unanswered);
    acknowledged_("RecordAttempts");
  }
  void RecordNotes(const std::string& run, const PlanNotes& notes, std::span<const QuarantineItem> quarantine,
                   std::span<const SnapshotHistory> snapshots) override {
    store_.RecordNotes(run, notes, quarantine, snapshots);
    acknowledged_("RecordNotes");
  }
  void FinishRun(const std::string& run, ExitCode outcome, const std::string& message, std::uint64_t failed,
                 const std::array<KindSummary, kKindCount>& summary, Instant at) override {
    store_.FinishRun(run, outcome, message, failed, summary, at);
    acknowledged_("FinishRun");
  }
  void Bind(const std::string& base_url, const std::string& credential_id) override {
    store_.Bind(base_url, credential_id);
    acknowledged_("Bind");
  }
  void MarkPlanUsed(const std::string& plan, Instant at) override {
    store_.MarkPlanUsed(plan, at);
    acknowledged_("MarkPlanUsed");
  }
  void ReplaceDue(std::span<const DueItem> due) override {
    store_.ReplaceDue(due);
    acknowledged_("ReplaceDue");
  }

 private:
  StateStore& store_;
  std::function<void(const char*)> acknowledged_;
};

}  // namespace ucaas_sync::state
