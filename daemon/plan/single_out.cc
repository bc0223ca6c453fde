#include "daemon/plan/single_out.h"

#include <algorithm>

#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

bool Is(const Workspace& work, const Slot& slot, const Hash128& key, const Hash128& address) {
  if (slot.key_hash == key || slot.address_hash == address) return true;
  if (slot.candidate == kNone) return false;
  const Candidate candidate = work.candidates.Get(slot.candidate);
  const FieldView field = candidate.fields[NaturalKeyField(slot.kind)];
  return field.state == FieldState::kValue && AddressHash(field.text) == address;
}

}  // namespace

void SingleOut(Workspace& work, const std::string& who) {
  const Hash128 key = HashOf(who);
  const Hash128 address = AddressHash(who);
  std::vector<std::string> keys;
  PlanNotes notes;
  const auto note_of = [&](std::int64_t row) {
    return std::find_if(work.notes.absences.begin(), work.notes.absences.end(),
                        [&](const PlanNotes::Absence& absence) { return absence.entity_id == row; });
  };
  for (SlotId id = 0; id < work.table.size(); ++id) {
    const Slot& slot = work.table[id];
    if (!Is(work, slot, key, address)) {
      work.Freeze(id);
      const auto before = work.absences.find(id);
      if (before != work.absences.end()) notes.absences.push_back(before->second);
      continue;
    }
    keys.push_back(work.KeyOf(id));
    if (const auto note = note_of(work.table.RowOf(id)); slot.is_known() && note != work.notes.absences.end()) {
      notes.absences.push_back(*note);
    }
    const Draft* draft = work.LiveDraft(id);
    if (draft != nullptr && draft->depth != 0) {
      work.SetAside(id, "takes an address that somebody else must give up first: run without --only");
    }
  }
  const auto is_meant = [&](const std::string& other) {
    return std::find(keys.begin(), keys.end(), other) != keys.end();
  };
  if (keys.empty())
    work.warnings.push_back(Warning("nobody has the key or the e-mail " + who, "nobody has this key or e-mail", {who}));
  for (const auto& [row, fingerprint] : work.notes.fingerprints) {
    const SlotId slot = work.table.WithRow(row);
    if (slot != kNone && Is(work, work.table[slot], key, address)) notes.fingerprints.emplace_back(row, fingerprint);
  }
  notes.due_at = work.notes.due_at;
  work.notes = std::move(notes);
  // What is set aside stays so, whoever is meant; nobody else is set aside newly by this run.
  std::erase_if(work.quarantine, [&](const QuarantineItem& item) { return item.is_new && !is_meant(item.key); });
}

}  // namespace ucaas_sync::plan
