// RuleMapper's verdict on one record: in scope, left, let in, or not to be told.
#include <algorithm>
#include <string>

#include "daemon/mapping/rule_mapper.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {

Standing RuleMapper::Judge(const CompiledRule& rule, const Facts& facts) {
  leaves_on_.reset();
  left_unknown_.clear();
  lacks_partner_ = false;
  Findings findings;
  const auto judge = [&](const Filter& filter, const char* name) {
    findings = {};
    const Verdict verdict = filter.Judge(facts, rule.dates, findings);
    NoteTurn(findings);
    if (note_ != nullptr) NoteFilter(name, book_.sources[rule.source], filter, verdict, facts, rule.dates);
    lacks_partner_ = verdict == Verdict::kUndefined && findings.cause.why == Findings::Why::kMissingRecord;
    if (verdict == Verdict::kUndefined && !lacks_partner_) AddProblem(ExplainFindings(rule, facts, findings));
    return verdict;
  };
  if (!rule.scope.empty()) {
    const Verdict scope = judge(rule.scope, "scope");
    if (scope == Verdict::kNo) return Standing::kOutOfScope;
    if (lacks_partner_) return WithoutPartner(rule, rule.scope, facts, findings.cause.slot, Standing::kOutOfScope);
    if (scope == Verdict::kUndefined) return Standing::kQuarantined;
  }
  if (!rule.left.empty()) {
    const Verdict left = judge(rule.left, "left");
    if (left == Verdict::kYes) return Standing::kLeft;
    if (findings.turns) leaves_on_ = LeavesOn(rule, facts, *findings.turns);
    if (lacks_partner_) {
      // That a record is missing is no evidence of anything.
      left_unknown_ = "whether it left cannot be told: " + ExplainNoPartner(rule, facts, findings.cause.slot);
    } else if (left == Verdict::kUndefined) {
      // Who may have left is neither removed nor, being suspended, let in again.
      return Standing::kQuarantined;
    }
  }
  if (!rule.filter.empty()) {
    const Verdict filter = judge(rule.filter, "filter");
    if (filter == Verdict::kNo) return Standing::kFilteredOut;
    if (lacks_partner_) return WithoutPartner(rule, rule.filter, facts, findings.cause.slot, Standing::kFilteredOut);
    if (filter == Verdict::kUndefined) return Standing::kQuarantined;
  }
  if (rule.kind == Kind::kGroup && !left_unknown_.empty() && joined_.may_be_rejected) {
    AddProblem(left_unknown_);
    return Standing::kUndecided;
  }
  return Standing::kPresent;
}

Verdict RuleMapper::JudgeWithoutPartner(const CompiledRule& rule, const Filter& filter, const Facts& facts) {
  Facts without_values = facts;
  without_values.takes_missing_for_empty = true;
  Findings findings;
  return filter.Judge(without_values, rule.dates, findings);
}

bool RuleMapper::KeepsOutWithoutPartner(const CompiledRule& rule, const Filter& filter, const Facts& facts) {
  return !facts.may_be_rejected && JudgeWithoutPartner(rule, filter, facts) == Verdict::kNo;
}

Standing RuleMapper::WithoutPartner(const CompiledRule& rule, const Filter& filter, const Facts& facts, Slot slot,
                                    Standing outside) {
  if (KeepsOutWithoutPartner(rule, filter, facts)) return outside;
  AddProblem(ExplainNoPartner(rule, facts, slot));
  // A filter that only excludes ("not disabled") lets in whoever has no value: to keep out for a record that is not
  // there would remove people whom nothing speaks against, to let in would overlook what it says.
  const bool only_excludes = JudgeWithoutPartner(rule, filter, facts) != Verdict::kNo;
  return only_excludes ? Standing::kQuarantined : Standing::kUndecided;
}

std::optional<Date> RuleMapper::LeavesOn(const CompiledRule& rule, const Facts& facts, Date turn) {
  constexpr int kMostTurns = 4;
  std::optional<Filter>& left = later_[rule.index];
  if (!left) left = rule.left;
  for (int turns = 0; turns < kMostTurns; ++turns) {
    left->SetToday(turn);
    Findings findings;
    const Verdict verdict = left->Judge(facts, rule.dates, findings);
    if (verdict == Verdict::kYes) return turn;
    const bool is_decided = verdict == Verdict::kNo || findings.cause.why == Findings::Why::kMissingRecord;
    if (!is_decided || !findings.turns) return std::nullopt;
    turn = *findings.turns;
  }
  return std::nullopt;
}

std::string RuleMapper::ExplainNoPartner(const CompiledRule& rule, const Facts& facts, Slot slot) const {
  const AttributeTable& names = book_.sources[rule.source].table;
  for (const CompiledJoin& join : rule.joins) {
    const Partner& partner = partners_[join.partner];
    const std::string_view key = facts.record.First(join.attribute);
    const bool may_have_it = std::any_of(join.copies.begin(), join.copies.end(), [&](const CompiledJoin::Copy& copy) {
      return copy.to == slot && partner.may_carry(copy.from);
    });
    if (!may_have_it || !partner.is_healthy || (!key.empty() && partner.records.Find(key) != 0)) continue;
    const CompiledSource& source = book_.sources[join.partner];
    std::string text =
        key.empty() ? "no " + std::string(names.NameOf(join.attribute)) + " to look it up in " + source.name + " by"
                    : "no record in " + source.name + " with " + std::string(source.table.NameOf(source.key)) + ' ' +
                          Shorten(key, 60);
    text += ", and " + std::string(names.NameOf(slot)) + " may come from there";
    if (!key.empty() && partner.has_rejects) text += "; a rejected record of " + source.name + " may be it";
    return text;
  }
  return Attribute(rule, facts, slot) + " is not known: there is no joined record";
}

}  // namespace ucaas_sync::mapping
