#include "daemon/plan/tracing.h"

#include <algorithm>
#include <map>
#include <string>

#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

std::string WhyNotCompared(const RulePolicy& rule, FieldId field, const FieldView& desired) {
  if (FieldsOf(rule.kind)[field].sent_once) return "sent on create only";
  if ((rule.create_only & Bit(field)) != 0) return "create_only";
  if (desired.state == FieldState::kUnknown) return "not known in this read";
  return "empty, and the rule says empty: keep";
}

/// The record beside what the target has, which is what it last accepted but for what the last look found there.
std::vector<ComparisonTrace> Compare(const RulePolicy& rule, const FieldSet& stored, const DriftFinding* drift,
                                     const FieldSetView& desired) {
  std::vector<ComparisonTrace> comparison;
  FieldSet there = stored;
  std::map<FieldId, Field> found;
  if (drift != nullptr) found.insert(drift->shown.begin(), drift->shown.end());
  for (const auto& [field, value] : found) there[field] = value;
  const std::vector<FieldChange> changes = Differences(rule, View(there), desired);
  const auto specs = FieldsOf(rule.kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto field = static_cast<FieldId>(i);
    if (desired[i].state == FieldState::kUnmapped) continue;
    ComparisonTrace trace{.field = field, .stored = stored[i], .desired = Field(desired[i])};
    if (const auto it = found.find(field); it != found.end()) trace.found = it->second;
    if (specs[i].secret) trace.desired.text.clear();
    const bool differs =
        std::any_of(changes.begin(), changes.end(), [&](const FieldChange& change) { return change.field == field; });
    if (!IsCompared(rule, field, desired[i]) || desired[i].state == FieldState::kUnknown) {
      trace.verdict = ComparisonTrace::Verdict::kNotCompared;
      trace.why = WhyNotCompared(rule, field, desired[i]);
    } else if (differs) {
      trace.verdict = ComparisonTrace::Verdict::kDifferent;
    }
    comparison.push_back(std::move(trace));
  }
  return comparison;
}

SlotId SlotOf(const Workspace& work, const EntityTrace& entity) {
  return work.table.Find(entity.kind, HashOf(entity.key));
}

}  // namespace

void TraceEntity(Workspace& work, const EntityView& entity) {
  const FieldView address = entity.fields[NaturalKeyField(entity.kind)];
  if (!work.trace->Wants(entity.key, address.state == FieldState::kValue ? address.text : std::string_view())) return;
  EntityTrace& traced = work.trace->Of(entity.kind, entity.key);
  if (entity.standing != Standing::kPresent || !traced.comparison.empty()) return;
  const SlotId slot = SlotOf(work, traced);
  if (slot == kNone || !work.table[slot].is_there()) return;
  traced.comparison = Compare(work.policy.rules[entity.rule], work.state.Load(work.table.RowOf(slot)).fields,
                              work.drift.Of(slot), entity.fields);
}

void TraceReject(Workspace& work, const RejectView& reject) {
  const bool is_named = reject.source < work.policy.sources.size();
  work.trace->OnReject(reject, is_named ? work.policy.sources[reject.source] : std::string(reject.file));
}

void BeginTrace(Workspace& work) {
  for (const std::string& key : work.trace->keys()) {
    for (const Kind kind : kAllKinds) {
      const SlotId id = work.table.Find(kind, HashOf(key));
      if (id == kNone) continue;
      EntityTrace& traced = work.trace->Of(kind, key);
      if (work.table[id].is_known()) traced.stored = work.state.Load(work.table.RowOf(id));
      if (const DriftFinding* drift = work.drift.Of(id)) traced.drift = *drift;
      const auto note = work.absences.find(id);
      if (note != work.absences.end() && note->second.has_begun()) traced.absence = note->second;
    }
  }
}

void EndTrace(Workspace& work, const Plan& plan) {
  for (const EntityTrace& known : work.trace->entities()) {
    EntityTrace& traced = work.trace->Of(known.kind, known.key);
    const SlotId slot = SlotOf(work, traced);
    if (slot == kNone) continue;
    if (work.table[slot].seen == Seen::kOutOfScope) {
      work.Note(slot, "scope", "outside the rule's scope: neither created, changed nor removed");
    }
    if (work.table[slot].seen == Seen::kLeft && !work.table[slot].is_there()) {
      work.Note(slot, "left", "left, and there is no object of it that could go");
    }
    for (const DueItem& due : plan.due) {
      if (due.kind == traced.kind && due.key == traced.key) traced.acts_at = due.at;
    }
  }
  plan.operations.ForEach([&](const Operation& operation) {
    EntityTrace* const traced = work.trace->Find(operation.kind, operation.key);
    if (traced != nullptr) traced->operation = operation;
  });
}

}  // namespace ucaas_sync::plan
