// What the store in memory keeps of the target's own changes, of reverts, and of who is forgotten.
#include <algorithm>
#include <iterator>

#include "tests/sim/store.h"

namespace ucaas_sync::sim {

std::vector<DriftFinding> Store::Drift() const {
  std::vector<DriftFinding> found;
  for (const auto& [id, finding] : drift_) found.push_back(finding);
  return found;
}

std::vector<DriftRepair> Store::Repairs() const {
  std::vector<DriftRepair> repairs;
  for (const auto& [where, put_back] : repairs_) repairs.push_back(put_back.repair);
  return repairs;
}

void Store::RecordLook(std::vector<DriftFinding> found, const std::optional<Instant>& before) {
  Commit([&] {
    drift_.clear();
    for (DriftFinding& finding : found) drift_[finding.entity_id] = std::move(finding);
    // Not in turn any more: the target kept what was put back.
    std::erase_if(repairs_, [&](const auto& entry) {
      return before && entry.second.at < *before && !drift_.contains(entry.first.first);
    });
  });
}

void Store::RecordRepairs(const std::string& run, const std::vector<DriftRepair>& repairs) {
  if (repairs.empty()) return;
  Commit([&] {
    for (const auto& [seq, operation] : Open(run).operations) {
      const auto outcome = Open(run).outcomes.find(seq);
      if (outcome == Open(run).outcomes.end() || !outcome->second.done) continue;
      for (const DriftRepair& repair : repairs) {
        if (repair.entity_id != operation.entity_id || FindChange(operation, repair.field) == nullptr) continue;
        PutBack& put_back = repairs_[{repair.entity_id, repair.field}];
        const bool is_same = put_back.repair.entity_id != 0 && put_back.repair.wanted == repair.wanted;
        const std::uint32_t rounds = is_same ? put_back.repair.rounds + 1 : 1;
        put_back = {.repair = repair, .at = outcome->second.at};
        put_back.repair.rounds = rounds;
      }
    }
  });
}

void Store::SettleFinding(std::int64_t id, const Operation& operation, const OperationOutcome& outcome) {
  const auto finding = drift_.find(id);
  if (finding == drift_.end()) return;
  std::optional<DriftFinding> rest;
  if (operation.remote_id == outcome.row->remote_id) {
    Operation written = operation;
    if (outcome.groups_follow) written.groups.reset();
    rest = StillFound(finding->second, outcome.done ? &written : nullptr, outcome.row->fields, outcome.row->groups);
  }
  if (rest) {
    finding->second = *std::move(rest);
  } else {
    drift_.erase(finding);
  }
}

void Store::AcceptDrift(const std::vector<DriftAcceptance>& accepted, Instant now) {
  for (const DriftAcceptance& acceptance : accepted) {
    StoredEntity& row = rows.at(acceptance.entity_id).entity;
    row.version = ++version_;
    if (acceptance.gone) {
      drift_.erase(row.id);
      rows.at(row.id).was_outside = false;
      row.lifecycle = Lifecycle::kGone;
      row.fields = {};
      row.remote_id.clear();
      row.suspended_at.reset();
      std::erase_if(memberships_, [&](const auto& pair) { return pair.first == row.id || pair.second == row.id; });
      std::erase_if(absences_, [&](const PlanNotes::Absence& absence) { return absence.entity_id == row.id; });
      continue;
    }
    for (const auto& [field, value] : acceptance.shown) {
      row.fields[field] = value;
      if (row.kind != Kind::kUser || field != kUserStatus) continue;
      const bool is_inactive = value.state == FieldState::kValue && value.text != kStatusActive;
      row.lifecycle = is_inactive ? Lifecycle::kSuspended : Lifecycle::kActive;
      if (!is_inactive) row.suspended_at.reset();
      if (is_inactive && !row.suspended_at) row.suspended_at = now;
    }
    if (const auto finding = drift_.find(row.id); finding != drift_.end()) {
      auto rest = StillFound(finding->second, nullptr, row.fields, acceptance.groups.value_or(Load(row.id).groups));
      if (rest) {
        finding->second = *std::move(rest);
      } else {
        drift_.erase(finding);
      }
    }
    if (!acceptance.groups) continue;
    std::erase_if(memberships_, [&](const auto& pair) { return pair.first == row.id; });
    for (const std::string& key : *acceptance.groups) {
      if (const Row* group = RowOf(Kind::kGroup, key)) memberships_.emplace(row.id, group->entity.id);
    }
  }
}

std::vector<Operation> Store::DoneBy(const std::string& run) const {
  std::vector<Operation> done;
  const auto past = std::find_if(runs_.begin(), runs_.end(), [&](const Run& one) { return one.record.id == run; });
  if (past == runs_.end()) return done;
  for (const auto& [seq, operation] : past->operations) {
    const auto outcome = past->outcomes.find(seq);
    if (outcome != past->outcomes.end() && outcome->second.done) done.push_back(operation);
  }
  return done;
}

void Store::PutRevertHolds(const Plan& plan, Instant now) {
  Commit([&] {
    plan.operations.ForEach([&](const Operation& operation) {
      revert_holds[{operation.kind, operation.key}] = {.key = operation.key,
                                                       .reason = "reverted",
                                                       .until = std::nullopt,
                                                       .since = now,
                                                       .kind = operation.kind,
                                                       .mark = {}};
    });
  });
}

void Store::SettleHolds(const std::vector<PlanNotes::HoldNote>& notes) {
  for (const PlanNotes::HoldNote& note : notes) {
    const auto hold = revert_holds.find({note.kind, note.key});
    if (hold == revert_holds.end()) continue;
    if (note.ended) {
      revert_holds.erase(hold);
    } else {
      hold->second.mark = note.mark;
    }
  }
}

std::optional<Instant> Store::Forgotten(std::string_view key) const {
  const auto it = forgotten_.find(std::string(key));
  return it == forgotten_.end() ? std::nullopt : std::optional(it->second);
}

bool Store::Forget(const std::string& key, Instant at) {
  const auto is_theirs = [&key](Kind kind, const std::string& of) { return kind != Kind::kGroup && of == key; };
  bool was_known = false;
  Commit([&] {
    for (auto row = rows.begin(); row != rows.end();) {
      if (!is_theirs(row->second.entity.kind, row->second.entity.key)) {
        ++row;
        continue;
      }
      was_known = true;
      const std::int64_t id = row->first;
      std::erase_if(memberships_, [id](const auto& pair) { return pair.first == id; });
      std::erase_if(absences_, [id](const PlanNotes::Absence& absence) { return absence.entity_id == id; });
      drift_.erase(id);
      row = rows.erase(row);
    }
    for (Run& run : runs_) {
      for (auto& [seq, operation] : run.operations) {
        if (is_theirs(operation.kind, operation.key)) operation.key.clear();
      }
    }
    for (const char* kind : {"user", "contact"}) {
      planned_quarantine.erase({kind, key});
      target_quarantine.erase({kind, key});
    }
    holds.erase(key);
    std::erase_if(revert_holds, [&](const auto& hold) { return is_theirs(hold.first.first, hold.first.second); });
    std::erase_if(unknown_creates_,
                  [&](const auto& create) { return is_theirs(create.first.first, create.first.second); });
    std::erase_if(due_, [&](const DueItem& item) { return is_theirs(item.kind, item.key); });
    ++version_;
    if (was_known) forgotten_[key] = at;
  });
  return was_known;
}

}  // namespace ucaas_sync::sim
