// RuleMapper's records and values that it does not take, and its words for them.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/mapping/rule_mapper.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

constexpr std::string_view kCutShortWords = " is a range without its tail: it has more values than are listed";

}  // namespace

void RuleMapper::FilteredOut(const CompiledRule& rule, const Record& record, std::string_view filter, bool is_in_scope,
                             bool may_have_left) {
  // Groups come and go with the records that name them.
  if (!rule.keyed_by_source()) return;
  const std::string_view key = record.First(book_.sources[rule.source].key);
  if (key.empty() || (rule.reads_bytes && !IsUtf8(key))) return;
  view_ = {};
  view_.kind = rule.kind;
  view_.standing = Standing::kFilteredOut;
  view_.key = key;
  view_.reason = filter;
  view_.may_be_rejected = may_have_left;
  view_.is_in_scope = is_in_scope;
  view_.rule = rule.index;
  view_.source = rule.source;
  view_.line = record.line;
  Emit(rule);
}

void RuleMapper::Quarantine(const CompiledRule& rule, const Record& record, const std::string& reason) {
  const Facts facts = FactsOf(rule, record, joined_);
  reason_ = reason;
  view_ = {};
  view_.kind = rule.kind;
  view_.standing = Standing::kQuarantined;
  view_.rule = rule.index;
  view_.source = rule.source;
  view_.line = record.line;
  view_.dn = facts.record.dn;
  view_.record_hash = record_hash_;
  is_records_trouble_ = true;
  const auto key = FindKey(rule, facts, record, Standing::kQuarantined);
  if (!key) return;
  view_.key = *key;
  // Whose new key it is, their address tells.
  gathered_is_whole_ = false;
  MapFields(rule, facts, facts);
  reason_ = reason;
  view_.reason = reason_;
  Emit(rule);
  if (trace_ != nullptr && IsTraced(rule, record)) {
    RecordTrace note;
    note_ = &note;
    NoteRecord(rule, record);
    NoteEntity();
    note_ = nullptr;
    trace_->OnRecord(std::move(note));
  }
}

void RuleMapper::KeepOut(const CompiledSource& source, const Record& record, const Facts& own) {
  for (const std::size_t index : source.rules) {
    const CompiledRule& rule = book_.rules[index];
    FilteredOut(rule, record, source.filter_named, /*is_in_scope=*/false, /*may_have_left=*/false);
    if (trace_ == nullptr || !IsTraced(rule, record)) continue;
    RecordTrace note;
    note_ = &note;
    NoteRecord(rule, record);
    NoteFilter("filter of source " + source.name, source, source.filter, Verdict::kNo, own, {&source.dates, 1});
    note_ = nullptr;
    trace_->OnRecord(std::move(note));
  }
}

void RuleMapper::RefuseKey(const CompiledRule& rule, const Facts& facts, const Record& record, Standing standing,
                           const Rendered& rendered) {
  // Whoever left or is out of scope, and has no key, hides nobody who is there.
  const bool is_wanted = standing != Standing::kOutOfScope && standing != Standing::kLeft;
  if (rendered.failed) {
    if (is_wanted) Reject(record, ExplainFailure(rule, facts, rendered));
    return;
  }
  const Origin origin = facts.OriginOf(rendered.slot);
  if (rendered.state == FieldState::kUnknown && (origin == kUnknowable || origin == kCutShort)) {
    // Said once: it is the partner's trouble, not this record's.
    if (origin == kUnknowable && joined_.trouble.empty()) {
      if (silence_reported_[rule.index]) return;
      silence_reported_[rule.index] = true;
    }
    Reject(record, ExplainSilence(rule, facts, rendered.slot));
    return;
  }
  const std::string why = "no value for the key of this " + std::string(Name(rule.kind));
  if (is_wanted) {
    Reject(record, why, KeyOf::kNobody);
  } else if (standing == Standing::kOutOfScope && origin == kNoPartner && joined_.may_be_rejected) {
    // Somebody who is known may have moved out of the scope: they are not absent.
    if (silence_reported_[rule.index]) return;
    silence_reported_[rule.index] = true;
    Reject(record, why + ", who is out of scope: a rejected record may hold it", KeyOf::kNobody);
  }
}

bool RuleMapper::IsFirstRejectOf(const Record& record) {
  const bool is_first = std::find(rejected_lines_.begin(), rejected_lines_.end(), record.line) == rejected_lines_.end();
  if (is_first) rejected_lines_.push_back(record.line);
  return is_first;
}

void RuleMapper::Reject(const Record& record, const std::string& reason, KeyOf key) {
  if (note_ != nullptr) {
    note_->reason = reason;
    return;
  }
  has_rejects_[source_] = true;
  if (!IsFirstRejectOf(record)) return;
  std::vector<std::string_view> values;
  values.reserve(record.cells().size() + 1);
  if (key == KeyOf::kNobody) values.emplace_back();
  for (const Record::Cell& cell : record.cells()) {
    if (!cell.value.empty()) values.push_back(cell.value);
  }
  sink_->OnReject({.source = static_cast<std::uint16_t>(source_),
                   .file = book_.sources[source_].location,
                   .line = record.line,
                   .reason = reason,
                   .values = values});
}

std::string RuleMapper::Quoted(std::string_view value) {
  constexpr std::size_t kShown = 60;
  return "\"" + Shorten(value, kShown) + "\"";
}

std::string RuleMapper::Attribute(const CompiledRule& rule, const Facts& facts, Slot slot) const {
  const Origin origin = facts.OriginOf(slot);
  const bool is_partners = origin > kOwn && origin <= rule.joins.size();
  const CompiledSource& source = book_.sources[is_partners ? rule.joins[origin - 1U].partner : rule.source];
  std::string text = source.attribute_word() + (" " + std::string(book_.sources[rule.source].table.NameOf(slot)));
  if (is_partners) text += " of " + source.name;
  return text;
}

std::string RuleMapper::ExplainFailure(const CompiledRule& rule, const Facts& facts, const Rendered& rendered) const {
  if (rendered.table.empty()) {
    return Attribute(rule, facts, rendered.slot) + " grows beyond 65,536 bytes by a replace or regex of its template";
  }
  return Quoted(rendered.value) + " in " + Attribute(rule, facts, rendered.slot) + " is not a word of table " +
         std::string(rendered.table);
}

std::string RuleMapper::ExplainFindings(const CompiledRule& rule, const Facts& facts, const Findings& findings) const {
  if (findings.cause.why != Findings::Why::kNoDate) return ExplainSilence(rule, facts, findings.cause.slot);
  const Origin origin = facts.OriginOf(findings.cause.slot);
  const DateReader& dates = rule.dates[origin < rule.dates.size() ? origin : 0];
  return Quoted(findings.cause.value) + " in " + Attribute(rule, facts, findings.cause.slot) + " is no date (" +
         dates.format() + ")";
}

std::string RuleMapper::ExplainSilence(const CompiledRule& rule, const Facts& facts, Slot slot) const {
  if (facts.OriginOf(slot) == kCutShort) return Attribute(rule, facts, slot) + std::string(kCutShortWords);
  if (!joined_.trouble.empty()) return joined_.trouble;
  for (const CompiledJoin& join : rule.joins) {
    if (partners_[join.partner].is_healthy) continue;
    return "source " + book_.sources[join.partner].name + " cannot be used now, and " +
           std::string(book_.sources[rule.source].table.NameOf(slot)) + " may come from there";
  }
  return Attribute(rule, facts, slot) + " cannot be known now";
}

std::string RuleMapper::Explain(const CompiledSource& source, const Findings& findings) const {
  const std::string attribute = source.attribute_word() + (" " + std::string(source.table.NameOf(findings.cause.slot)));
  if (findings.cause.why == Findings::Why::kPartOfRange) return attribute + std::string(kCutShortWords);
  return Quoted(findings.cause.value) + " in " + attribute + " is no date (" + source.dates.format() + ")";
}

}  // namespace ucaas_sync::mapping
