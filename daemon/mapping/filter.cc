#include "daemon/mapping/filter.h"

#include <algorithm>

#include "daemon/mapping/compare.h"
#include "daemon/model/dn.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

bool Holds(std::strong_ordering order, bool less, bool equal, bool greater) {
  if (order < 0) return less;
  return order > 0 ? greater : equal;
}

Findings::Why WhyUnknown(Origin origin) {
  if (origin == kCutShort) return Findings::Why::kPartOfRange;
  return origin == kNoPartner ? Findings::Why::kMissingRecord : Findings::Why::kSilentSource;
}

/// Calls `visit` with each RDN of `dn`, in the order of the text.
template <typename Visit>
void ForEachRdn(std::string_view dn, Visit&& visit) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= dn.size(); ++i) {
    if (i < dn.size() && dn[i] == '\\') {
      ++i;
    } else if (i == dn.size() || dn[i] == ',') {
      visit(dn.substr(begin, i - begin));
      begin = i + 1;
    }
  }
}

}  // namespace

void Filter::SetToday(Date today) {
  for (Node& node : nodes_) {
    if (node.is_date) node.day = node.offset.From(today);
  }
}

Verdict Filter::Judge(const Facts& facts, std::span<const DateReader> formats, Findings& findings) const {
  if (nodes_.empty()) return Verdict::kYes;
  return JudgeNode(0, facts, formats, findings);
}

Verdict Filter::JudgeNode(std::uint32_t index, const Facts& facts, std::span<const DateReader> formats,
                          Findings& findings) const {
  const Node& node = nodes_[index];
  if (node.op == Op::kNot) {
    switch (JudgeNode(index + 1, facts, formats, findings)) {
      case Verdict::kNo:
        return Verdict::kYes;
      case Verdict::kYes:
        return Verdict::kNo;
      case Verdict::kUndefined:
        return Verdict::kUndefined;
    }
  }
  if (node.op != Op::kAnd && node.op != Op::kOr) return JudgeItem(node, facts, formats, findings);

  // A decided operand ends it; one that cannot be judged counts only when no other decides, and nor does its cause.
  const Findings::Cause before = findings.cause;
  Findings::Cause kept = before;
  const Verdict decides = node.op == Op::kAnd ? Verdict::kNo : Verdict::kYes;
  Verdict verdict = node.op == Op::kAnd ? Verdict::kYes : Verdict::kNo;
  for (std::uint32_t i = index + 1; i < node.end; i = nodes_[i].end) {
    const Verdict operand = JudgeNode(i, facts, formats, findings);
    if (operand == decides) {
      findings.cause = before;
      return decides;
    }
    if (operand == Verdict::kUndefined) {
      verdict = Verdict::kUndefined;
      kept = findings.cause;
    } else {
      findings.cause = kept;
    }
  }
  return verdict;
}

Filter::Decision Filter::Decide(const Facts& facts, std::span<const DateReader> formats) const {
  const std::uint32_t index = FindDecisive(0, facts, formats);
  const Node& node = nodes_[index];
  Findings findings;
  Decision decision{.clause = std::string_view(text_).substr(node.text_begin, node.text_end - node.text_begin),
                    .verdict = JudgeNode(index, facts, formats, findings),
                    .slots = {}};
  for (std::uint32_t i = index; i < node.end; ++i) {
    const Slot slot = nodes_[i].slot;
    const auto& slots = decision.slots;
    if (slot != kNoSlot && std::find(slots.begin(), slots.end(), slot) == slots.end()) decision.slots.push_back(slot);
  }
  return decision;
}

std::uint32_t Filter::FindDecisive(std::uint32_t index, const Facts& facts, std::span<const DateReader> formats) const {
  const Node& node = nodes_[index];
  if (node.op == Op::kNot) {
    // "Not this" says more than "this" alone; of a longer one, the part within decides.
    const Op inner = nodes_[index + 1].op;
    const bool is_long = inner == Op::kAnd || inner == Op::kOr || inner == Op::kNot;
    return is_long ? FindDecisive(index + 1, facts, formats) : index;
  }
  if (node.op != Op::kAnd && node.op != Op::kOr) return index;
  Findings findings;
  const Verdict whole = JudgeNode(index, facts, formats, findings);
  const Verdict decides = node.op == Op::kAnd ? Verdict::kNo : Verdict::kYes;
  const bool is_only_one = index + 1 < node.end && nodes_[index + 1].end == node.end;
  if (is_only_one) return FindDecisive(index + 1, facts, formats);
  // All operands together make the other verdict: no part of it is smaller.
  if (whole != decides && whole != Verdict::kUndefined) return index;
  for (std::uint32_t i = index + 1; i < node.end; i = nodes_[i].end) {
    if (JudgeNode(i, facts, formats, findings) == whole) return FindDecisive(i, facts, formats);
  }
  return index;
}

Verdict Filter::JudgeItem(const Node& node, const Facts& facts, std::span<const DateReader> formats,
                          Findings& findings) const {
  if (node.is_date) return JudgeDate(node, node.day, facts, formats, findings);
  if (IsOrdering(node.op)) {
    if (const auto day = ReaderFor(node, facts, formats).Read(texts_[node.first_text].text)) {
      return JudgeDate(node, *day, facts, formats, findings);
    }
  }
  bool matches = false;
  facts.record.ForEach(node.slot, [&](std::string_view value) { matches = matches || Matches(node, value); });
  if (!matches && node.looks_at_dn) matches = MatchesInDn(node, facts.record.dn);
  if (matches) return Verdict::kYes;
  const Origin origin = facts.OriginOf(node.slot);
  if (IsWhole(origin)) return Verdict::kNo;
  Blame({.why = WhyUnknown(origin), .slot = node.slot}, findings);
  return Verdict::kUndefined;
}

void Filter::Blame(const Findings::Cause& cause, Findings& findings) {
  const bool is_weaker =
      findings.cause.why == Findings::Why::kNothing || findings.cause.why == Findings::Why::kMissingRecord;
  if (is_weaker && findings.cause.why < cause.why) findings.cause = cause;
}

bool Filter::IsOrdering(Op op) {
  return op == Op::kGreaterOrEqual || op == Op::kLessOrEqual || op == Op::kGreater || op == Op::kLess;
}

const DateReader& Filter::ReaderFor(const Node& node, const Facts& facts, std::span<const DateReader> formats) {
  const Origin origin = facts.OriginOf(node.slot);
  return formats[origin < formats.size() ? origin : 0];
}

Verdict Filter::JudgeDate(const Node& node, Date day, const Facts& facts, std::span<const DateReader> formats,
                          Findings& findings) const {
  const Origin origin = facts.OriginOf(node.slot);
  if (!IsWhole(origin)) {
    Blame({.why = WhyUnknown(origin), .slot = node.slot}, findings);
    return Verdict::kUndefined;
  }
  const DateReader& reader = ReaderFor(node, facts, formats);
  Verdict verdict = Verdict::kNo;
  facts.record.ForEach(node.slot, [&](std::string_view value) {
    if (verdict == Verdict::kYes) return;
    const std::optional<Date> date = reader.Read(value);
    if (!date) {
      verdict = Verdict::kUndefined;
      Blame({.why = Findings::Why::kNoDate, .slot = node.slot, .value = value}, findings);
      return;
    }
    // Today moves forward only, so each clause turns at most once; equality comes and goes.
    bool holds = false;
    Date turns{};
    bool can_turn = true;
    constexpr std::chrono::days kDay{1};
    switch (node.op) {
      case Op::kLessOrEqual:
        holds = *date <= day;
        can_turn = !holds;
        if (can_turn) turns = node.offset.FirstReaching(*date);
        break;
      case Op::kLess:
        holds = *date < day;
        can_turn = !holds;
        if (can_turn) turns = node.offset.FirstReaching(*date + kDay);
        break;
      case Op::kGreaterOrEqual:
        holds = *date >= day;
        can_turn = holds;
        if (can_turn) turns = node.offset.FirstReaching(*date + kDay);
        break;
      case Op::kGreater:
        holds = *date > day;
        can_turn = holds;
        if (can_turn) turns = node.offset.FirstReaching(*date);
        break;
      default:
        holds = *date == day;
        can_turn = *date >= day;
        if (can_turn) turns = node.offset.FirstReaching(holds ? *date + kDay : *date);
        break;
    }
    if (node.is_date && can_turn && (!findings.turns || turns < *findings.turns)) findings.turns = turns;
    if (holds) verdict = Verdict::kYes;
  });
  return verdict;
}

bool Filter::Matches(const Node& node, std::string_view value) const {
  if (node.op == Op::kPresent) return !value.empty();
  const Assertion& wanted = texts_[node.first_text];
  const auto ordered = [&](bool less, bool equal, bool greater) {
    if (const auto order = CompareNumbers(value, wanted.text)) return Holds(*order, less, equal, greater);
    return Holds(CompareText(value, wanted.folded, wanted.is_ascii), less, equal, greater);
  };
  switch (node.op) {
    case Op::kEqual:
      return EqualText(value, wanted.folded, wanted.is_ascii);
    case Op::kSubstrings:
      return MatchesSubstrings(node, value);
    case Op::kGreaterOrEqual:
      return ordered(false, true, true);
    case Op::kLessOrEqual:
      return ordered(true, true, false);
    case Op::kGreater:
      return ordered(false, false, true);
    case Op::kLess:
      return ordered(true, false, false);
    case Op::kApproximate:
      return LettersAndDigits(value) == wanted.folded;
    case Op::kExact:
      return value == wanted.text;
    case Op::kNumeric: {
      const auto order = CompareNumbers(value, wanted.text);
      return order && *order == 0;
    }
    case Op::kSameDn: {
      const auto dn = NormalizeDn(value);
      return dn && *dn == wanted.folded;
    }
    case Op::kAllBits: {
      const auto bits = FlagBits(value);
      return bits && (*bits & wanted.bits) == wanted.bits;
    }
    case Op::kAnyBit: {
      const auto bits = FlagBits(value);
      return bits && (*bits & wanted.bits) != 0;
    }
    case Op::kAnd:
    case Op::kOr:
    case Op::kNot:
    case Op::kPresent:
      break;
  }
  return false;
}

bool Filter::MatchesSubstrings(const Node& node, std::string_view value) const {
  std::string folded;
  std::string_view rest = value;
  if (!IsAscii(value)) {
    folded = Folded(value);
    rest = folded;
  }
  for (std::uint32_t i = 0; i < node.text_count; ++i) {
    const std::string_view part = texts_[node.first_text + i].folded;
    if (i + 1 == node.text_count && node.anchored_at_end) return EndsWithText(rest, part);
    const auto found = i == 0 && node.anchored_at_start ? (StartsWithText(rest, part) ? 0 : std::string_view::npos)
                                                        : FindText(rest, part);
    if (found == std::string_view::npos) return false;
    rest.remove_prefix(found + part.size());
  }
  return true;
}

bool Filter::MatchesInDn(const Node& node, std::string_view dn) const {
  bool matches = false;
  ForEachRdn(dn, [&](std::string_view rdn) {
    if (matches) return;
    const auto value = FirstOfType(rdn, texts_[node.first_text].attribute);
    matches = value && Matches(node, *value);
  });
  return matches;
}

}  // namespace ucaas_sync::mapping
