#include "daemon/plan/workspace.h"

#include "daemon/model/text.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostProtectedSaid = 20;

std::string ReportKey(std::string_view kind, std::string_view key, std::string_view reason) {
  std::string text(kind);
  text += '\0';
  text += key;
  text += '\0';
  text += reason;
  return text;
}

}  // namespace

Workspace::Workspace(const StateView& view, const Policy& rules, Instant instant,
                     const std::vector<DriftFinding>& found, const MakeSpillFile& make_spill_file)
    : state(view),
      policy(rules),
      now(instant),
      table(view, rules.sources),
      drift(table, found, view.Repairs(), rules.drift),
      candidates(make_spill_file),
      drafts(make_spill_file) {
  for (const PlanNotes::Absence& absence : state.Absences()) {
    const SlotId slot = table.WithRow(absence.entity_id);
    if (slot != kNone) absences.emplace(slot, absence);
  }
  for (const StoredQuarantine& item : state.Quarantined()) {
    known_reports_.insert(ReportKey(item.kind, item.key, item.reason));
  }
}

std::string Workspace::KeyOf(SlotId slot) const {
  const Slot& at = table[slot];
  if (at.candidate != kNone) return std::string(candidates.KeyOf(at.candidate));
  return at.is_known() ? state.Load(table.RowOf(slot)).key : std::string();
}

SourceRef Workspace::LineOf(SlotId slot) const {
  const Slot& at = table[slot];
  SourceRef ref;
  if (at.source < policy.sources.size()) ref.name = policy.sources[at.source];
  ref.line = at.line;
  return ref;
}

SourceRef Workspace::SourceOf(SlotId slot) const {
  const Slot& at = table[slot];
  SourceRef ref = LineOf(slot);
  if (at.candidate != kNone) ref.dn = std::string(candidates.Get(at.candidate).dn);
  return ref;
}

std::string Workspace::PlaceOf(SlotId slot) const {
  const SourceRef ref = LineOf(slot);
  return "line " + std::to_string(ref.line) + " of " + ref.name;
}

const Draft* Workspace::LiveDraft(SlotId slot) const {
  const std::uint32_t index = table[slot].draft;
  if (index == kNone || drafts.all()[index].dropped) return nullptr;
  return &drafts.all()[index];
}

void Workspace::AddDraft(SlotId slot, const Operation& operation) {
  table[slot].draft = drafts.Add(slot, operation);
}

Operation Workspace::Begin(SlotId slot, Action action, const StoredEntity& stored) const {
  Operation operation;
  operation.kind = stored.kind;
  operation.action = action;
  operation.key = stored.key;
  operation.remote_id = stored.remote_id;
  operation.entity_id = stored.id;
  operation.who = DisplayName(stored.kind, View(stored.fields));
  operation.source = SourceOf(slot);
  return operation;
}

void Workspace::Freeze(SlotId slot) {
  Slot& at = table[slot];
  at.set(kFrozen);
  if (at.draft != kNone) drafts.all()[at.draft].dropped = true;
}

void Workspace::SetAside(SlotId slot, const std::string& reason) {
  Freeze(slot);
  const Slot& at = table[slot];
  if (at.has(kHeldByPerson) || !reported_.insert(slot).second) return;
  Note(slot, "quarantine", reason);
  Report({.kind = std::string(Name(at.kind)), .key = KeyOf(slot), .reason = reason, .source = SourceOf(slot)});
}

void Workspace::Report(QuarantineItem item) {
  item.is_new = !known_reports_.contains(ReportKey(item.kind, item.key, item.reason));
  quarantine.push_back(std::move(item));
}

bool Workspace::Protects(SlotId slot, const FieldSetView& fields) const {
  const Kind kind = table[slot].kind;
  if (!policy.protect) return false;
  if (policy.protect(kind, fields)) return true;
  // Also when what somebody changed there is only reported: `protect` is about the target's fields.
  const DriftFinding* const finding = drift.Of(slot);
  if (finding == nullptr) return false;
  FieldSet shown = Own(fields);
  for (const auto& [field, value] : finding->shown) shown[field] = value;
  return policy.protect(kind, View(shown));
}

bool Workspace::IsProtected(SlotId slot, std::string_view key, const FieldSetView& fields) {
  const Kind kind = table[slot].kind;
  if (!Protects(slot, fields)) return false;
  Note(slot, "protected", "guards.protect forbids to touch it: left as it is");
  if (++protected_said_ <= kMostProtectedSaid) {
    constexpr std::string_view kWhy = " would be changed, but guards.protect forbids to touch it: left as it is";
    warnings.push_back(Warning(std::string(Name(kind)) + ' ' + std::string(key).append(kWhy),
                               "a " + std::string(Name(kind)).append(kWhy), {std::string(key)}));
  }
  return true;
}

void Workspace::WarnLasting(std::string text) {
  Warning warning(std::move(text));
  warning.lasts = true;
  warnings.push_back(std::move(warning));
}

void Workspace::Note(SlotId slot, std::string_view step, const std::string& text) {
  if (trace == nullptr) return;
  if (EntityTrace* entity = trace->Find(table[slot].kind, KeyOf(slot)); entity != nullptr) {
    entity->notes.push_back({.step = std::string(step), .text = text});
  }
}

void Workspace::WakeAt(Instant instant) {
  if (!notes.due_at || instant < *notes.due_at) notes.due_at = instant;
}

std::string ListOf(const std::vector<std::string>& names, std::size_t limit) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == limit) return text + " and " + std::to_string(names.size() - limit) + " more";
    if (i != 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

std::string_view AddressWord(Kind kind) {
  return kind == Kind::kGroup ? "name" : "e-mail";
}

}  // namespace ucaas_sync::plan
