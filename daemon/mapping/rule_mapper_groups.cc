// RuleMapper's groups: one comes and goes with many records, and no single one of them decides for it.
#include <algorithm>
#include <string>
#include <utility>

#include "daemon/mapping/hash_input.h"
#include "daemon/mapping/rule_mapper.h"

namespace ucaas_sync::mapping {

void RuleMapper::RefuseGroup(const CompiledRule& rule, const Facts& facts, const Record& record, Standing standing,
                             const Rendered& rendered) {
  const Origin origin = facts.OriginOf(rendered.slot);
  const bool is_silent = origin == kUnknowable || origin == kCutShort;
  if (rendered.state == FieldState::kUnknown && !rendered.failed && !is_silent) {
    // Without its joined record it names no group; a rejected one may be that record.
    if (joined_.may_be_rejected) hides_groups_[source_] = true;
    return;
  }
  if (standing == Standing::kOutOfScope || standing == Standing::kUndecided) {
    if (rendered.state == FieldState::kUnknown) hides_groups_[source_] = true;
    return;
  }
  if (rendered.failed) {
    RejectGroup(record, ExplainFailure(rule, facts, rendered));
  } else if (rendered.state == FieldState::kUnknown) {
    // Said once: it is the partner's trouble, not this record's.
    if (origin == kUnknowable && joined_.trouble.empty()) {
      if (silence_reported_[rule.index]) return;
      silence_reported_[rule.index] = true;
    }
    RejectGroup(record, ExplainSilence(rule, facts, rendered.slot));
  } else {
    RejectGroup(record, "no value for the key of this group");
  }
}

void RuleMapper::RejectGroup(const Record& record, const std::string& reason) {
  if (note_ != nullptr) {
    note_->reason = reason;
    return;
  }
  group_rejects_.push_back({.record = &record, .reason = reason});
}

void RuleMapper::EndKey() {
  for (const GroupReject& reject : group_rejects_) {
    // What nobody can use at all was said already.
    if (!IsFirstRejectOf(*reject.record)) {
      hides_groups_[source_] = true;
      continue;
    }
    sink_->OnReject({.source = static_cast<std::uint16_t>(source_),
                     .file = book_.sources[source_].location,
                     .line = reject.record->line,
                     .reason = reject.reason,
                     .values = {},
                     .hides_groups_alone = true});
  }
  group_rejects_.clear();
}

void RuleMapper::Emit(const CompiledRule& rule) {
  if (note_ != nullptr) {
    NoteEntity();
    return;
  }
  if (rule.kind != Kind::kGroup) {
    sink_->OnEntity(view_);
    return;
  }
  const Hash128 key = HashOf(view_.key, rule.index);
  const bool is_quarantined = view_.standing == Standing::kQuarantined;
  if (view_.standing == Standing::kPresent || (is_quarantined && !is_records_trouble_)) {
    presented_groups_.insert(key);
    if (IsNewGroup(rule)) sink_->OnEntity(view_);
    return;
  }
  // What is wrong with one record is not wrong with the group of all the others.
  const bool is_doubtful = is_quarantined || view_.standing == Standing::kUndecided;
  if (is_doubtful ? !doubtful_groups_.insert(key).second : !IsNewGroup(rule)) return;
  held_groups_.push_back({.source = rule.source,
                          .rule = rule.index,
                          .standing = view_.standing,
                          .key = std::string(view_.key),
                          .reason = std::string(view_.reason),
                          .fields = Own(view_.fields),
                          .line = view_.line,
                          .dn = std::string(view_.dn),
                          .record_hash = view_.record_hash});
}

bool RuleMapper::IsNewGroup(const CompiledRule& rule) {
  hash_input_.clear();
  PutNumber(rule.index, hash_input_);
  PutNumber(static_cast<std::uint64_t>(view_.standing), hash_input_);
  PutText(view_.key, hash_input_);
  PutText(view_.reason, hash_input_);
  for (const CompiledField& field : rule.fields) {
    PutNumber(static_cast<std::uint64_t>(view_.fields[field.id].state), hash_input_);
    PutText(view_.fields[field.id].text, hash_input_);
  }
  if (view_.maps_members) {
    PutText(view_.dn, hash_input_);
    PutNumber(view_.members_known ? 1 : 0, hash_input_);
    for (const std::string_view member : members_) PutText(member, hash_input_);
  }
  return seen_groups_.insert(HashOf(hash_input_)).second;
}

void RuleMapper::FlushHeldGroups(std::size_t source) {
  // Who may still be in it weighs more than who left it.
  for (const bool is_doubtful_ones_turn : {true, false}) {
    for (const HeldGroup& held : held_groups_) {
      const bool is_doubtful = held.standing == Standing::kQuarantined || held.standing == Standing::kUndecided;
      const Hash128 key = HashOf(held.key, held.rule);
      if (held.source != source || is_doubtful != is_doubtful_ones_turn || presented_groups_.contains(key)) continue;
      if (is_doubtful) presented_groups_.insert(key);
      EntityView view;
      view.kind = Kind::kGroup;
      view.standing = held.standing;
      view.key = held.key;
      view.fields = View(held.fields);
      view.reason = held.reason;
      view.rule = held.rule;
      view.source = held.source;
      view.line = held.line;
      view.dn = held.dn;
      view.record_hash = held.record_hash;
      sink_->OnEntity(view);
    }
  }
  std::erase_if(held_groups_, [&](const HeldGroup& held) { return held.source == source; });
}

}  // namespace ucaas_sync::mapping
