#include "tests/support/memory_store.h"

#include <algorithm>
#include <stdexcept>

#include "daemon/model/text.h"

namespace ucaas_sync::testing {

std::int64_t MemoryStore::Add(StoredEntity entity) {
  if (entity.id == 0) entity.id = next_id_++;
  const std::int64_t id = entity.id;
  rows[id].entity = std::move(entity);
  return id;
}

const StoredEntity* MemoryStore::Has(Kind kind, std::string_view key) const {
  for (const auto& [id, row] : rows) {
    if (row.entity.kind == kind && row.entity.key == key) return &row.entity;
  }
  return nullptr;
}

Hash128 MemoryStore::FingerprintOf(Kind kind, std::string_view key) const {
  const StoredEntity* entity = Has(kind, key);
  return entity == nullptr ? Hash128{} : rows.at(entity->id).fingerprint;
}

void MemoryStore::ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const {
  for (const auto& [id, row] : rows) {
    KnownEntity known;
    known.key_hash = HashOf(row.entity.key);
    known.fingerprint = row.fingerprint;
    known.id = id;
    known.kind = row.entity.kind;
    known.lifecycle = row.entity.lifecycle;
    known.ownership = row.entity.ownership;
    visit(known);
  }
}

StoredEntity MemoryStore::Load(std::int64_t id) const {
  StoredEntity entity = rows.at(id).entity;
  entity.groups.clear();
  for (const auto& [contact, group] : memberships) {
    if (contact == id) entity.groups.push_back(rows.at(group).entity.key);
  }
  std::sort(entity.groups.begin(), entity.groups.end());
  return entity;
}

std::optional<StoredEntity> MemoryStore::Find(Kind kind, std::string_view key) const {
  const StoredEntity* entity = Has(kind, key);
  return entity == nullptr ? std::nullopt : std::optional(Load(entity->id));
}

void MemoryStore::ForEachMembership(const std::function<void(std::int64_t, std::int64_t)>& visit) const {
  for (const auto& [contact, group] : memberships) visit(contact, group);
}

std::vector<StoredQuarantine> MemoryStore::Quarantined() const {
  std::vector<StoredQuarantine> items;
  for (const auto& [who, item] : quarantine) items.push_back(item);
  return items;
}

std::string MemoryStore::BeginRun(const RunStart& start) {
  RunRecord run;
  run.id = "run-" + std::to_string(runs_.size() + 1);
  run.trigger = start.trigger;
  run.started = start.at;
  runs_.push_back(run);
  return run.id;
}

void MemoryStore::StorePlan(const std::string& /*run*/, const Plan& plan) {
  operations_.clear();
  outcomes.clear();
  mark = 0;
  plan.operations.ForEach([this](const Operation& operation) { operations_.emplace(operation.seq, operation); });
  log_.emplace_back("plan");
}

void MemoryStore::AdvanceMark(const std::string& /*run*/, std::uint64_t seq) {
  if (seq < mark) throw std::logic_error("the mark went back");
  mark = seq;
  log_.push_back("mark " + std::to_string(seq));
}

void MemoryStore::RecordOutcomes(const std::string& /*run*/, std::span<const OperationOutcome> batch) {
  std::string line = "commit";
  for (const OperationOutcome& outcome : batch) {
    if (outcome.seq > mark) throw std::logic_error("an outcome beyond the mark");
    line += ' ' + std::to_string(outcome.seq);
    Write(outcome);
  }
  ++version_;
  log_.push_back(line);
}

void MemoryStore::RecordAndAdvance(const std::string& run, std::span<const OperationOutcome> batch, std::uint64_t seq) {
  RecordOutcomes(run, batch);
  if (seq < mark) throw std::logic_error("the mark went back");
  mark = seq;
  log_.back() += " mark " + std::to_string(seq);
}

void MemoryStore::RecordAttempts(const std::string& /*run*/, std::span<const UnansweredRequests> unanswered) {
  for (const UnansweredRequests& one : unanswered) {
    if (one.seq > mark) throw std::logic_error("requests beyond the mark");
    attempts[one.seq] = one.requests;
  }
}

MemoryStore::Row* MemoryStore::RowOf(const StoredEntity& entity) {
  const StoredEntity* known = entity.id != 0 ? &rows.at(entity.id).entity : Has(entity.kind, entity.key);
  return known == nullptr ? nullptr : &rows.at(known->id);
}

void MemoryStore::Write(const OperationOutcome& outcome) {
  const Operation& operation = operations_.at(outcome.seq);
  outcomes[outcome.seq] = outcome;
  const std::pair<std::string, std::string> who{std::string(Name(operation.kind)), operation.key};
  if (outcome.quarantine) {
    quarantine[who] = {.kind = who.first,
                       .key = who.second,
                       .reason = outcome.message,
                       .since = outcome.at,
                       .source = operation.source,
                       .fingerprint = outcome.fingerprint,
                       .by_target = true};
  } else if (outcome.done) {
    quarantine.erase(who);
  }
  if (!outcome.row) return;
  Row* row = RowOf(*outcome.row);
  const std::int64_t id = row != nullptr ? row->entity.id : next_id_++;
  const bool is_gone = outcome.row->lifecycle == Lifecycle::kGone;
  if (is_gone && !outcome.row->remote_id.empty()) throw std::logic_error("a gone object keeps its remote id");
  rows[id] = {.entity = *outcome.row, .fingerprint = outcome.fingerprint};
  rows[id].entity.id = id;
  if (is_gone || outcome.row->kind == Kind::kContact) {
    std::erase_if(memberships, [&](const auto& pair) { return pair.first == id || (is_gone && pair.second == id); });
  }
  if (is_gone || outcome.row->kind != Kind::kContact) return;
  for (const std::string& key : outcome.row->groups) {
    if (const StoredEntity* group = Has(Kind::kGroup, key)) memberships.emplace(id, group->id);
  }
}

void MemoryStore::RecordNotes(const std::string& /*run*/, const PlanNotes& /*notes*/,
                              std::span<const QuarantineItem> /*items*/,
                              std::span<const SnapshotHistory> /*snapshots*/) {}

void MemoryStore::FinishRun(const std::string& run, ExitCode outcome, const std::string& message, std::uint64_t failed,
                            const std::array<KindSummary, kKindCount>& summary, Instant at) {
  for (RunRecord& record : runs_) {
    if (record.id != run) continue;
    record.outcome = outcome;
    record.message = message;
    record.failed = failed;
    record.summary = summary;
    record.ended = at;
  }
}

std::vector<RunRecord> MemoryStore::Runs(std::size_t limit) const {
  std::vector<RunRecord> newest(runs_.rbegin(), runs_.rend());
  if (newest.size() > limit) newest.resize(limit);
  return newest;
}

}  // namespace ucaas_sync::testing
