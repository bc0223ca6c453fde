// The rule mapper's part of a trace: a record that is asked about is mapped once more by the same code, with each
// decision written down where it is made, and with nothing sent on.
#include <utility>

#include "daemon/mapping/rule_mapper.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

FilterTrace::Verdict VerdictOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNo:
      return FilterTrace::Verdict::kNo;
    case Verdict::kYes:
      return FilterTrace::Verdict::kYes;
    case Verdict::kUndefined:
      break;
  }
  return FilterTrace::Verdict::kUndefined;
}

std::string Owned(std::string_view value) {
  return IsUtf8(value) ? std::string(value) : "(" + Counted(value.size(), "byte") + " that are not text)";
}

}  // namespace

bool RuleMapper::IsTraced(const CompiledRule& rule, const Record& record) {
  const Facts facts = FactsOf(rule, record, joined_);
  std::string_view address;
  for (const CompiledField& field : rule.fields) {
    if (field.id != NaturalKeyField(rule.kind)) continue;
    const Rendered rendered = field.value.Render(facts, bench());
    if (rendered.state == FieldState::kValue) address = rendered.text;
  }
  std::string_view key;
  if (rule.keyed_by_source()) {
    key = record.First(book_.sources[rule.source].key);
  } else if (rule.key) {
    const Rendered rendered = rule.key->Render(facts, bench());
    if (rendered.state == FieldState::kValue) key = rendered.text;
  } else {
    key = address;
  }
  return IsUtf8(key) && IsUtf8(address) && trace_->Wants(key, address);
}

void RuleMapper::Retrace(const CompiledRule& rule, const Record& record, const Gathered& gathered) {
  const std::string preference = std::exchange(preference_, {});
  if (!IsTraced(rule, record)) return;
  RecordTrace note;
  note_ = &note;
  NoteRecord(rule, record);
  note.prefer = preference;
  MapRecord(rule, record, gathered);
  note_ = nullptr;
  trace_->OnRecord(std::move(note));
}

void RuleMapper::NoteRecord(const CompiledRule& rule, const Record& record) {
  note_->kind = rule.kind;
  note_->rule = rule.index;
  note_->source = {.name = book_.sources[rule.source].name, .line = record.line, .dn = std::string(record.dn)};
  if (rule.keyed_by_source()) note_->key = record.First(book_.sources[rule.source].key);
}

void RuleMapper::NoteJoins(const CompiledRule& rule, const Record& record) {
  for (const CompiledJoin& join : rule.joins) {
    const Partner& partner = partners_[join.partner];
    JoinTrace trace{.source = book_.sources[join.partner].name,
                    .attribute = std::string(book_.sources[rule.source].table.NameOf(join.attribute)),
                    .key = Owned(record.First(join.attribute))};
    const KeyedRecords::Ref found = trace.key.empty() ? 0 : partner.records.Find(record.First(join.attribute));
    if (!partner.is_healthy) {
      trace.found = JoinTrace::Found::kUnusable;
    } else if (trace.key.empty()) {
      trace.found = JoinTrace::Found::kNoKey;
    } else if (found == 0) {
      trace.found = partner.has_rejects ? JoinTrace::Found::kMaybeRejected : JoinTrace::Found::kMissing;
    } else {
      trace.line = partner.records.LineOf(found);
      if (!partner.records.Others(found).empty()) trace.found = JoinTrace::Found::kSeveral;
    }
    note_->joins.push_back(std::move(trace));
  }
}

void RuleMapper::NoteFilter(std::string name, const CompiledSource& source, const Filter& filter, Verdict verdict,
                            const Facts& facts, std::span<const DateReader> dates) {
  FilterTrace trace{.name = std::move(name), .text = filter.text(), .verdict = VerdictOf(verdict)};
  const Filter::Decision decision = filter.Decide(facts, dates);
  trace.clause = decision.clause;
  trace.clause_holds = decision.verdict == Verdict::kYes;
  for (const Slot slot : decision.slots) {
    FilterTrace::Value value{.attribute = std::string(source.table.NameOf(slot)), .values = {}};
    facts.record.ForEach(slot, [&](std::string_view text) { value.values.push_back(Owned(text)); });
    trace.values.push_back(std::move(value));
  }
  note_->filters.push_back(std::move(trace));
}

void RuleMapper::NoteField(const CompiledRule& rule, const CompiledField& field) {
  const FieldSpec& spec = FieldsOf(rule.kind)[field.id];
  const FieldView& value = view_.fields[field.id];
  FieldTrace trace{.name = std::string(spec.name), .written = field.value.text(), .state = value.state};
  trace.secret = spec.secret;
  if (spec.secret) {
    // A constant password stands in the template itself.
    if (field.value.is_constant()) trace.written.clear();
  } else if (value.state == FieldState::kValue) {
    trace.value = value.text;
  }
  note_->fields.push_back(std::move(trace));
}

void RuleMapper::NoteEntity() {
  note_->key = view_.key;
  if (view_.standing == Standing::kFilteredOut) return;
  note_->standing = view_.standing;
  note_->reason = view_.reason;
  note_->address = view_.fields[NaturalKeyField(view_.kind)].text;
  if (note_->source.dn.empty()) note_->source.dn = view_.dn;
  if (view_.maps_groups) note_->groups.assign(view_.groups.begin(), view_.groups.end());
}

}  // namespace ucaas_sync::mapping
