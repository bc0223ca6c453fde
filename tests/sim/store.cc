#include "tests/sim/store.h"

#include <algorithm>
#include <stdexcept>

#include "daemon/model/text.h"

namespace ucaas_sync::sim {
namespace {

std::string AddressOf(const Operation& operation) {
  const FieldChange* change = FindChange(operation, NaturalKeyField(operation.kind));
  return change == nullptr ? std::string() : change->after.text;
}

bool IsForTheMoment(const std::string& verdict) {
  return verdict == "retry" || verdict == "relogin" || verdict == "denied" || verdict == "unknown";
}

bool HasFinished(const RunRecord& run) {
  return run.outcome == ExitCode::kConverged || run.outcome == ExitCode::kPartial;
}

}  // namespace

const Store::Row* Store::RowOf(Kind kind, std::string_view key) const {
  for (const auto& [id, row] : rows) {
    if (row.entity.kind == kind && row.entity.key == key) return &row;
  }
  return nullptr;
}

std::uint16_t Store::SourceIndex(const std::string& name) const {
  const auto it = std::find(source_names_.begin(), source_names_.end(), name);
  return static_cast<std::uint16_t>(it - source_names_.begin());
}

void Store::ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const {
  for (const auto& [id, row] : rows) {
    KnownEntity known;
    known.key_hash = HashOf(row.entity.key);
    const std::string& address = row.entity.fields[NaturalKeyField(row.entity.kind)].text;
    if (!address.empty()) known.address_hash = HashOf(FoldCase(address));
    known.fingerprint = row.fingerprint;
    known.id = id;
    known.source = SourceIndex(row.entity.source);
    known.kind = row.entity.kind;
    known.lifecycle = row.entity.lifecycle;
    known.ownership = row.entity.ownership;
    known.was_outside = row.was_outside;
    visit(known);
  }
}

StoredEntity Store::Load(std::int64_t id) const {
  StoredEntity entity = rows.at(id).entity;
  entity.groups.clear();
  for (const auto& [contact, group] : memberships_) {
    if (contact == id) entity.groups.push_back(rows.at(group).entity.key);
  }
  std::sort(entity.groups.begin(), entity.groups.end());
  return entity;
}

std::optional<StoredEntity> Store::Find(Kind kind, std::string_view key) const {
  const Row* row = RowOf(kind, key);
  return row == nullptr ? std::nullopt : std::optional(Load(row->entity.id));
}

void Store::ForEachMembership(const std::function<void(std::int64_t, std::int64_t)>& visit) const {
  for (const auto& [contact, group] : memberships_) visit(contact, group);
}

std::vector<StoredQuarantine> Store::Quarantined() const {
  std::vector<StoredQuarantine> items;
  for (const auto& [who, item] : planned_quarantine) items.push_back(item);
  for (const auto& [who, item] : target_quarantine) items.push_back(item);
  return items;
}

std::vector<StoredHold> Store::Holds(Instant now) const {
  std::vector<StoredHold> out;
  for (const auto& [key, hold] : holds) {
    if (!hold.until || *hold.until > now) out.push_back(hold);
  }
  for (const auto& [who, hold] : revert_holds) out.push_back(hold);
  return out;
}

std::optional<SnapshotHistory> Store::LastGoodSnapshot(std::string_view source) const {
  const auto it = snapshots_.find(std::string(source));
  return it == snapshots_.end() ? std::nullopt : std::optional(it->second);
}

bool Store::FirstRunFinished() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return HasFinished(run.record); });
}

std::vector<Hash128> Store::PendingCreates(Kind kind) const {
  std::vector<Hash128> keys;
  for (auto run = runs_.rbegin(); run != runs_.rend() && !HasFinished(run->record); ++run) {
    if (run->operations.empty()) continue;
    for (const auto& [seq, operation] : run->operations) {
      if (operation.kind != kind || operation.action != Action::kCreate) continue;
      const auto outcome = run->outcomes.find(seq);
      const bool is_settled =
          outcome != run->outcomes.end() && (outcome->second.done || !IsForTheMoment(outcome->second.verdict));
      const Row* row = RowOf(kind, operation.key);
      if (is_settled || (row != nullptr && row->entity.lifecycle != Lifecycle::kGone)) continue;
      keys.push_back(HashOf(operation.key));
    }
    break;
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<PastRemoval> Store::RemovalsSince(Instant since) const {
  std::vector<PastRemoval> out;
  std::copy_if(removals_.begin(), removals_.end(), std::back_inserter(out),
               [&](const PastRemoval& removal) { return removal.at >= since; });
  return out;
}

std::vector<Approval> Store::Approvals(Instant now) const {
  std::vector<Approval> out;
  std::copy_if(approvals.begin(), approvals.end(), std::back_inserter(out),
               [&](const Approval& approval) { return approval.until > now; });
  return out;
}

Store::Run& Store::Open(const std::string& run) {
  if (runs_.empty() || runs_.back().record.id != run) throw std::logic_error("not the open run: " + run);
  return runs_.back();
}

std::string Store::BeginRun(const RunStart& start) {
  Commit([&] {
    for (Run& run : runs_) {
      if (run.record.ended) continue;
      RememberUnknowns(run);
      run.record.ended = start.at;
    }
    Run run;
    run.record.id = "run-" + std::to_string(runs_.size() + 1);
    run.record.trigger = start.trigger;
    run.record.started = start.at;
    runs_.push_back(std::move(run));
  });
  return runs_.back().record.id;
}

void Store::RememberUnknowns(const Run& run) {
  for (const UnknownCreate& create : UnansweredOf(run)) Remember(unknown_creates_[{create.kind, create.key}], create);
}

void Store::Remember(std::vector<UnknownCreate>& creates, const UnknownCreate& create) {
  const bool is_known = std::any_of(creates.begin(), creates.end(),
                                    [&](const UnknownCreate& known) { return known.address == create.address; });
  if (!is_known) creates.push_back(create);
}

std::vector<UnknownCreate> Store::UnansweredOf(const Run& run) {
  std::vector<UnknownCreate> creates;
  for (const auto& [seq, operation] : run.operations) {
    if (seq > run.mark || operation.action != Action::kCreate || run.outcomes.contains(seq)) continue;
    creates.push_back({.kind = operation.kind, .key = operation.key, .address = AddressOf(operation)});
  }
  return creates;
}

void Store::StorePlan(const std::string& run, const Plan& plan) {
  Commit([&] {
    plan.operations.ForEach(
        [&](Operation operation) { Open(run).operations.emplace(operation.seq, std::move(operation)); });
    for (const GuardVerdict& guard : plan.guards) {
      if (guard.approved_by.empty()) continue;
      for (const Kind kind : kAllKinds) {
        for (const Action action : {Action::kSuspend, Action::kDelete}) {
          const std::string name = std::string(Name(kind)) + '.' + std::string(Name(action));
          if (guard.name == name || guard.name == name + ".week") Open(run).approved.emplace(kind, action);
        }
      }
    }
  });
}

void Store::NoteWhereSeen(const PlanNotes& notes) {
  for (const auto& [id, is_outside] : notes.scope_changes) rows.at(id).was_outside = is_outside;
  for (const auto& [source, entities] : notes.moved) {
    if (SourceIndex(source) == source_names_.size()) source_names_.push_back(source);
    for (const std::int64_t id : entities) rows.at(id).entity.source = source;
  }
}

void Store::RecordHeldNotes(const PlanNotes& notes) {
  Commit([&] {
    absences_ = notes.absences;
    NoteWhereSeen(notes);
  });
}

void Store::AdvanceMark(const std::string& run, std::uint64_t seq) {
  Commit([&] { Open(run).mark = std::max(Open(run).mark, seq); });
}

void Store::RecordOutcomes(const std::string& run, std::span<const OperationOutcome> batch) {
  Commit([&] { WriteBatch(Open(run), batch); });
}

void Store::RecordAndAdvance(const std::string& run, std::span<const OperationOutcome> batch, std::uint64_t seq) {
  Commit([&] {
    WriteBatch(Open(run), batch);
    Open(run).mark = std::max(Open(run).mark, seq);
  });
}

void Store::RecordAttempts(const std::string& run, std::span<const UnansweredRequests> unanswered) {
  Commit([&] {
    for (const UnansweredRequests& one : unanswered) {
      if (one.seq > Open(run).mark) throw std::logic_error("requests beyond the mark");
    }
  });
}

void Store::WriteBatch(Run& run, std::span<const OperationOutcome> batch) {
  for (const OperationOutcome& outcome : batch) Write(run, outcome);
  // After all rows, since a contact may come before its group in one batch.
  for (const OperationOutcome& outcome : batch) {
    if (!outcome.row || outcome.row->kind != Kind::kContact || outcome.row->lifecycle == Lifecycle::kGone) continue;
    const std::int64_t contact = RowOf(Kind::kContact, outcome.row->key)->entity.id;
    std::erase_if(memberships_, [&](const auto& pair) { return pair.first == contact; });
    for (const std::string& key : outcome.row->groups) {
      const Row* group = RowOf(Kind::kGroup, key);
      if (group != nullptr) memberships_.emplace(contact, group->entity.id);
    }
  }
  ++version_;
}

void Store::Write(Run& run, const OperationOutcome& outcome) {
  if (outcome.seq > run.mark) throw std::logic_error("an outcome beyond the mark");
  const Operation& operation = run.operations.at(outcome.seq);
  run.outcomes[outcome.seq] = outcome;
  if (outcome.row) WriteRow(operation, outcome);
  const Who who(operation.kind, operation.key);
  // Where a look found another's object, the create has made none.
  const bool is_anothers = outcome.verdict == "duplicate";
  const bool is_unknown = operation.action == Action::kCreate && !outcome.done && !is_anothers &&
                          (outcome.verdict == "unknown" || outcome.may_have_acted);
  if (is_unknown) {
    Remember(unknown_creates_[who], {.kind = operation.kind, .key = operation.key, .address = AddressOf(operation)});
  } else if (outcome.done || outcome.quarantine || outcome.row) {
    unknown_creates_.erase(who);
  }
  const std::pair<std::string, std::string> named{std::string(Name(operation.kind)), operation.key};
  if (outcome.quarantine) {
    target_quarantine[named] = {
        .kind = named.first,
        .key = named.second,
        .reason = outcome.message,
        .since = outcome.at,
        .source = operation.source,
        .fingerprint = outcome.fingerprint.is_zero() ? operation.fingerprint : outcome.fingerprint,
        .by_target = true};
  } else if (outcome.done) {
    target_quarantine.erase(named);
  }
  if (outcome.done && (operation.action == Action::kSuspend || operation.action == Action::kDelete)) {
    removals_.push_back({.kind = operation.kind,
                         .action = operation.action,
                         .at = outcome.at,
                         .approved = run.approved.contains({operation.kind, operation.action})});
  }
}

void Store::WriteRow(const Operation& operation, const OperationOutcome& outcome) {
  const Row* known = outcome.row->id != 0 ? &rows.at(outcome.row->id) : RowOf(outcome.row->kind, outcome.row->key);
  const std::int64_t id = known != nullptr ? known->entity.id : next_id_++;
  SettleFinding(id, operation, outcome);
  Row& row = rows[id];
  row = {.entity = *outcome.row, .fingerprint = outcome.fingerprint, .was_outside = row.was_outside};
  row.entity.id = id;
  row.entity.version = version_ + 1;
  const std::string& source = row.entity.source;
  if (SourceIndex(source) == source_names_.size()) source_names_.push_back(source);
  if (row.entity.lifecycle != Lifecycle::kGone) return;
  row.was_outside = false;
  drift_.erase(id);
  row.entity.remote_id.clear();
  std::erase_if(memberships_, [&](const auto& pair) { return pair.first == id || pair.second == id; });
  std::erase_if(absences_, [&](const PlanNotes::Absence& absence) { return absence.entity_id == id; });
}

void Store::RecordNotes(const std::string& run, const PlanNotes& notes, std::span<const QuarantineItem> items,
                        std::span<const SnapshotHistory> snapshots) {
  Commit([&] {
    const Instant now = Open(run).record.started;
    absences_ = notes.absences;
    AcceptDrift(notes.accepted, now);
    SettleHolds(notes.holds);
    for (const auto& [id, fingerprint] : notes.fingerprints) rows.at(id).fingerprint = fingerprint;
    NoteWhereSeen(notes);
    for (const PlanNotes::Barred& item : notes.barred) {
      target_quarantine[{item.kind, item.key}] = {.kind = item.kind,
                                                  .key = item.key,
                                                  .reason = item.reason,
                                                  .since = now,
                                                  .source = item.source,
                                                  .fingerprint = item.fingerprint,
                                                  .by_target = true};
    }
    auto before = std::exchange(planned_quarantine, {});
    for (const QuarantineItem& item : items) {
      const std::pair<std::string, std::string> who{item.kind, item.key};
      const auto by_target = target_quarantine.find(who);
      if (by_target != target_quarantine.end() && by_target->second.reason == item.reason) continue;
      const auto old = before.find(who);
      const bool is_old = old != before.end() && old->second.reason == item.reason;
      planned_quarantine.try_emplace(who, StoredQuarantine{.kind = item.kind,
                                                           .key = item.key,
                                                           .reason = item.reason,
                                                           .since = is_old ? old->second.since : now,
                                                           .source = item.source,
                                                           .fingerprint = {}});
    }
    for (const SnapshotHistory& snapshot : snapshots) snapshots_[snapshot.source] = snapshot;
  });
}

void Store::FinishRun(const std::string& run, ExitCode outcome, const std::string& message, std::uint64_t failed,
                      const std::array<KindSummary, kKindCount>& summary, Instant at) {
  Commit([&] {
    Run& open = Open(run);
    RememberUnknowns(open);
    open.record.outcome = outcome;
    open.record.message = message;
    open.record.failed = failed;
    open.record.summary = summary;
    open.record.ended = at;
  });
}

std::vector<UnknownCreate> Store::UnknownCreates() const {
  auto creates = unknown_creates_;
  for (const Run& run : runs_) {
    if (run.record.ended) continue;
    for (const UnknownCreate& create : UnansweredOf(run)) Remember(creates[{create.kind, create.key}], create);
  }
  std::vector<UnknownCreate> list;
  for (const auto& [who, of_one] : creates) list.insert(list.end(), of_one.begin(), of_one.end());
  return list;
}

std::vector<RunRecord> Store::Runs(std::size_t limit) const {
  std::vector<RunRecord> newest;
  for (auto run = runs_.rbegin(); run != runs_.rend() && newest.size() < limit; ++run) newest.push_back(run->record);
  return newest;
}

}  // namespace ucaas_sync::sim
