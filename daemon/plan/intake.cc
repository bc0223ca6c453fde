#include "daemon/plan/intake.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

/// A quarter of the hash of `key` without case. Most keys are short ASCII: folded on the stack.
std::uint32_t FoldedKey(std::string_view key) {
  std::array<char, 64> folded;
  if (key.size() <= folded.size() && IsAscii(key)) {
    std::transform(key.begin(), key.end(), folded.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return static_cast<std::uint32_t>(HashOf({folded.data(), key.size()}).low);
  }
  return static_cast<std::uint32_t>(HashOf(FoldCase(key)).low);
}

std::uint32_t LineOf(const EntityView& entity) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(entity.line, std::numeric_limits<std::uint32_t>::max()));
}

/// What tells a byte-identical repeat. Many records yield one group: there the fields decide, not the record; and the
/// members, which are compared only when a key comes again.
std::uint64_t RecordMark(const EntityView& entity, std::string& scratch) {
  if (entity.kind != Kind::kGroup) return entity.record_hash.low;
  scratch.clear();
  for (const FieldView& field : entity.fields) {
    scratch += static_cast<char>(field.state);
    scratch += field.text;
    scratch += '\0';
  }
  return HashOf(scratch).low;
}

}  // namespace

void Intake::OnEntity(const EntityView& entity) {
  const Hash128 key_hash = HashOf(entity.key);
  if (entity.standing == Standing::kOutOfScope) {
    // The weakest word: another rule, or another record, may still say more.
    if (const SlotId id = work_.table.Find(entity.kind, key_hash); id != kNone) Outside(work_.table[id], id, entity);
    return;
  }
  if (entity.standing == Standing::kFilteredOut) {
    const SlotId id = work_.table.Find(entity.kind, key_hash);
    if (id != kNone && work_.table[id].is_there()) KeptOut(work_.table[id], id, entity);
    if (entity.may_be_rejected) may_have_left_.emplace_back(entity.kind, key_hash);
    return;
  }
  const SlotId id = work_.table.FindOrAdd(entity.kind, key_hash);
  if (work_.table[id].has(kHeldByRevert)) revert_holds_.OnEntity(id, entity);
  const Seen seen = work_.table[id].seen;
  if (seen == Seen::kNot || seen == Seen::kOutOfScope) {
    First(id, entity);
  } else {
    Again(id, entity);
  }
}

void Intake::Outside(Slot& slot, SlotId id, const EntityView& entity) {
  const std::uint32_t line = LineOf(entity);
  // Another rule has this very record in its scope, and says that it is nobody.
  if (line != 0 && work_.filtered_out.LineInScope(id) == line) return;
  if (slot.seen == Seen::kNot) {
    slot.seen = Seen::kOutOfScope;
    slot.line = line;
  } else if (slot.seen == Seen::kOutOfScope && slot.line != line) {
    slot.line = 0;  // of several records
  }
}

void Intake::KeptOut(Slot& slot, SlotId id, const EntityView& entity) {
  work_.filtered_out.Add(id, entity.reason);
  if (!entity.is_in_scope || slot.source != entity.source) return;
  const std::uint32_t line = LineOf(entity);
  work_.filtered_out.NoteInScope(id, line);
  if (slot.seen == Seen::kOutOfScope && line != 0 && slot.line == line) slot.seen = Seen::kNot;
}

void Intake::First(SlotId id, const EntityView& entity) {
  Slot& slot = work_.table[id];
  if (slot.is_there() && slot.source != entity.source && entity.standing == Standing::kPresent) {
    work_.moved.push_back(id);
  }
  // A group that records of people name has no record of its own that another source could hide.
  const bool is_of_people = entity.kind == Kind::kGroup && !entity.maps_members;
  if (slot.is_there() && !is_of_people && slot.source != entity.source) work_.table.NoteFormerSource(id, slot.source);
  slot.rule = entity.rule;
  slot.source = entity.source;
  slot.line = LineOf(entity);
  slot.record = RecordMark(entity, scratch_);
  slot.folded_key = FoldedKey(entity.key);

  if (entity.standing == Standing::kLeft) {
    slot.seen = Seen::kLeft;
    if (!slot.is_known()) slot.candidate = work_.candidates.Add(id, entity, {});
    return;
  }
  if (entity.standing == Standing::kQuarantined || entity.standing == Standing::kUndecided) {
    slot.seen = Seen::kQuarantined;
    if (entity.standing == Standing::kUndecided) slot.set(kUndecided);
    slot.candidate = work_.candidates.Add(id, entity, {});
    if (entity.kind == Kind::kGroup) membership_.OnUnusableGroup(id, entity, work_);
    return;
  }
  slot.seen = Seen::kPresent;
  // What of a newcomer's contact is deleted depends on whether it will be adopted.
  const bool is_to_be_told = slot.is_there() || entity.kind == Kind::kUser;
  if (entity.leaves_on && is_to_be_told) work_.coming_leavers.Add(*entity.leaves_on, id);
  if (entity.kind == Kind::kContact) membership_.OnContact(id, entity, work_);
  if (entity.kind == Kind::kGroup) membership_.OnGroup(id, entity, work_);

  if (!entity.reason.empty() && (slot.is_known() || entity.may_be_rejected)) {
    slot.set(kMayHaveLeft);
    if (slot.is_there()) work_.untold.try_emplace(slot.rule, Workspace::Untold{id, std::string(entity.reason)});
  }

  const RulePolicy& rule = work_.policy.rules[entity.rule];
  const Hash128 fingerprint = FingerprintOf(rule, work_.policy.mapping_version, entity.fields, scratch_);
  const bool is_unchanged = slot.is_there() && slot.lifecycle == Lifecycle::kActive && !slot.has(kDrifted) &&
                            !fingerprint.is_zero() && fingerprint == work_.table.FingerprintOf(id);
  if (is_unchanged) return;
  slot.candidate = work_.candidates.Add(id, entity, fingerprint);
  const FieldView& address = entity.fields[NaturalKeyField(entity.kind)];
  if (!slot.is_known() && address.state == FieldState::kValue) slot.address_hash = AddressHash(address.text);
  if (UnknownRequired(entity.kind, entity.fields)) slot.set(kLacksRequired);
  if (entity.kind == Kind::kUser && entity.fields[kUserStatus].state == FieldState::kUnknown) slot.set(kStatusUnknown);
}

void Intake::Again(SlotId id, const EntityView& entity) {
  Slot& slot = work_.table[id];
  // A group that records of people name is there while one of them, of any rule, has not left.
  const bool is_of_people =
      entity.kind == Kind::kGroup && !entity.maps_members && !work_.policy.rules[slot.rule].maps_members;
  if (is_of_people && slot.seen == Seen::kPresent && entity.standing == Standing::kLeft) return;
  if (is_of_people && slot.is_known() && slot.seen == Seen::kLeft && entity.standing == Standing::kPresent) {
    First(id, entity);
    return;
  }
  if (entity.kind == Kind::kGroup) membership_.OnGroupAgain(id, entity, work_);
  const bool both_left = slot.seen == Seen::kLeft && entity.standing == Standing::kLeft;
  const bool is_undecided = entity.standing == Standing::kUndecided;
  const bool same_rule = slot.rule == entity.rule || entity.kind == Kind::kGroup;
  const bool same_standing = (slot.seen == Seen::kPresent && entity.standing == Standing::kPresent) ||
                             (slot.seen == Seen::kQuarantined && entity.standing == Standing::kQuarantined);
  const bool is_group_there = entity.kind == Kind::kGroup && slot.seen == Seen::kPresent;
  const bool is_repeat = same_rule && same_standing && slot.record == RecordMark(entity, scratch_) &&
                         (!is_group_there || membership_.HasSameMembers(id, entity, work_));
  if (both_left || is_repeat) return;
  const FieldView address = entity.fields[NaturalKeyField(entity.kind)];
  if (!slot.is_there() && address.state == FieldState::kValue) {
    work_.more_addresses.emplace_back(AddressHash(address.text), id);
  }
  // Nobody knows of either whether it counts.
  if (is_undecided && slot.seen == Seen::kQuarantined && slot.has(kUndecided)) return;
  if (is_undecided) slot.set(kUndecided);
  slot.set(kConflict);
  work_.repeats.push_back({.slot = id, .rule = entity.rule, .source = entity.source, .line = entity.line});
}

void Intake::SetAsideUnusable() {
  SetAsideRepeats();
  std::array<std::uint64_t, kKindCount> newcomers{};  // who are undecided
  for (SlotId id = 0; id < work_.table.size(); ++id) {
    const Slot& slot = work_.table[id];
    if (slot.seen != Seen::kQuarantined || slot.candidate == kNone) continue;
    const std::string reason(work_.candidates.Get(slot.candidate).reason);
    const bool is_active = slot.is_there() && slot.lifecycle == Lifecycle::kActive;
    if (!slot.has(kUndecided) || is_active) {
      work_.SetAside(id, reason);
      continue;
    }
    // Nearly all of them are nobody that anybody wants: one rejected record would fill the quarantine with them.
    work_.Freeze(id);
    if (slot.is_there()) {
      work_.Note(id, "frozen", reason);
    } else if (!work_.WasSetAside(id)) {
      ++newcomers[Index(slot.kind)];
    }
  }
  SayUndecided(newcomers);
  SetAsideContradicted();
  SetAsideCaseTwins();
}

void Intake::SetAsideContradicted() {
  for (const auto& [kind, key_hash] : may_have_left_) {
    const SlotId id = work_.table.Find(kind, key_hash);
    if (id == kNone || work_.table[id].seen != Seen::kPresent || kind == Kind::kGroup) continue;
    work_.SetAside(id,
                   "another record with this key, which a filter keeps out, may say that it left: a rejected record "
                   "may be the one that tells");
  }
}

void Intake::SayUndecided(const std::array<std::uint64_t, kKindCount>& newcomers) {
  for (const Kind kind : kAllKinds) {
    if (const std::uint64_t count = newcomers[Index(kind)]; count != 0) {
      work_.WarnLasting("whether " + Counted(count, Name(kind)) +
                        " should be made cannot be told, because a rejected record may be what lets them in: not made "
                        "until the rejected records are mended");
    }
  }
}

void Intake::SetAsideRepeats() {
  std::sort(work_.repeats.begin(), work_.repeats.end(), [](const Repeat& a, const Repeat& b) {
    return std::tuple(a.slot, a.source, a.line, a.rule) < std::tuple(b.slot, b.source, b.line, b.rule);
  });
  for (std::size_t begin = 0; begin < work_.repeats.size();) {
    const SlotId id = work_.repeats[begin].slot;
    std::map<std::string, std::vector<std::string>> lines;  // by source
    const SourceRef first = work_.SourceOf(id);
    lines[first.name].push_back(std::to_string(first.line));
    bool is_one_rule = true;
    std::size_t end = begin;
    for (; end < work_.repeats.size() && work_.repeats[end].slot == id; ++end) {
      const Repeat& repeat = work_.repeats[end];
      is_one_rule = is_one_rule && repeat.rule == work_.table[id].rule;
      std::vector<std::string>& named = lines[work_.policy.sources[repeat.source]];
      std::string line = std::to_string(repeat.line);
      // They come sorted, but for the key's first record, whose line stands in front: a million may have one key.
      const bool is_named = !named.empty() && (named.back() == line || named.front() == line);
      if (!is_named) named.push_back(std::move(line));
    }
    std::vector<std::string> places;
    bool is_one_place = lines.size() == 1;
    for (const auto& [source, numbers] : lines) {
      is_one_place = is_one_place && numbers.size() == 1;
      // Every line is named: which of them is wrong is for a person to find.
      places.push_back((numbers.size() == 1 ? "line " : "lines ") + ListOf(numbers, numbers.size()) + " of " + source);
    }
    std::string reason =
        is_one_place && !is_one_rule ? "two rules make this key of " : "the same key with different content: ";
    reason += ListOf(places, places.size());
    if (is_one_place && !is_one_rule && work_.table[id].has(kUndecided)) {
      reason += ", or one of them does: a rejected record may be what decides it";
    }
    if (is_one_place && is_one_rule && work_.policy.reads_several_files(work_.table[id].source))
      reason += " in several files";
    work_.SetAside(id, reason);
    begin = end;
  }
}

void Intake::SetAsideCaseTwins() {
  // Two keys that are both known and unlike were told apart before; only a newcomer can bring such a pair.
  const auto takes_part = [&](const Slot& slot) { return slot.seen != Seen::kNot && slot.seen != Seen::kOutOfScope; };
  std::size_t newcomers = 0;
  for (SlotId id = 0; id < work_.table.size(); ++id) {
    if (!work_.table[id].is_there() && takes_part(work_.table[id])) ++newcomers;
  }
  if (newcomers == 0) return;
  // Which bits of a hash occur among newcomers, and which of them more than once: few pass that are nobody's twins.
  std::size_t bits = 1024;
  while (bits < newcomers * 8) bits *= 2;
  const auto bit_of = [&](const Slot& slot) { return (slot.folded_key + Index(slot.kind) * 0x9E3779B9U) & (bits - 1); };
  LargeVector<bool> occurs(bits);
  LargeVector<bool> repeats(bits);
  for (const bool is_newcomers_turn : {true, false}) {
    for (SlotId id = 0; id < work_.table.size(); ++id) {
      const Slot& slot = work_.table[id];
      if (slot.is_there() == is_newcomers_turn || !takes_part(slot)) continue;
      const std::size_t bit = bit_of(slot);
      if (occurs[bit]) repeats[bit] = true;
      if (is_newcomers_turn) occurs[bit] = true;
    }
  }
  std::vector<std::tuple<std::uint32_t, Kind, SlotId>> suspects;
  for (SlotId id = 0; id < work_.table.size(); ++id) {
    const Slot& slot = work_.table[id];
    if (takes_part(slot) && repeats[bit_of(slot)]) suspects.emplace_back(slot.folded_key, slot.kind, id);
  }
  std::sort(suspects.begin(), suspects.end());
  std::vector<SlotId> alike;
  for (std::size_t begin = 0; begin < suspects.size();) {
    const auto& [folded, kind, first] = suspects[begin];
    alike.clear();
    for (; begin < suspects.size(); ++begin) {
      const auto& [its_folded, its_kind, id] = suspects[begin];
      if (its_folded != folded || its_kind != kind) break;
      alike.push_back(id);
    }
    SetAsideTwinsAmong(alike);
  }
}

/// `alike`: a part of the hash of their keys without case is the same, which among a million also happens to others.
void Intake::SetAsideTwinsAmong(const std::vector<SlotId>& alike) {
  const auto has_newcomer = [&](const std::vector<SlotId>& slots) {
    return slots.size() > 1 &&
           std::any_of(slots.begin(), slots.end(), [&](SlotId id) { return !work_.table[id].is_there(); });
  };
  if (!has_newcomer(alike)) return;
  std::map<std::string, std::vector<SlotId>> by_key;
  for (const SlotId id : alike) by_key[FoldCase(work_.KeyOf(id))].push_back(id);
  for (const auto& [key, twins] : by_key) {
    if (!has_newcomer(twins)) continue;
    std::vector<std::string> people;
    for (const SlotId id : twins) people.push_back(work_.KeyOf(id) + " (" + work_.PlaceOf(id) + ")");
    std::sort(people.begin(), people.end());
    for (const SlotId id : twins) work_.SetAside(id, "keys that differ only in case: " + ListOf(people));
  }
}

}  // namespace ucaas_sync::plan
