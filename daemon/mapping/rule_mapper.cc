#include "daemon/mapping/rule_mapper.h"

#include <algorithm>

#include "daemon/mapping/booleans.h"
#include "daemon/mapping/email.h"
#include "daemon/mapping/hash_input.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

/// A field's name in a sentence.
std::string Label(const FieldSpec& field) {
  return field.name == "email" ? "e-mail" : std::string(field.name);
}

}  // namespace

void RuleMapper::Begin(EntitySink& sink, Trace* trace) {
  sink_ = &sink;
  trace_ = trace;
  preference_.clear();
  turns_.reset();
  later_.assign(book_.rules.size(), std::nullopt);
  seen_groups_.clear();
  presented_groups_.clear();
  doubtful_groups_.clear();
  held_groups_.clear();
  silence_reported_.assign(book_.rules.size(), false);
  has_rejects_.assign(book_.sources.size(), false);
  hides_groups_.assign(book_.sources.size(), false);
}

void RuleMapper::StartKey() {
  rejected_lines_.clear();
  group_rejects_.clear();
}

void RuleMapper::StartRecord(std::size_t source, const Record& record) {
  source_ = source;
  hash_input_.clear();
  for (const Record::Cell& cell : record.cells()) {
    PutNumber((std::uint64_t{cell.slot} << 40U) + cell.value.size(), hash_input_);
    hash_input_ += cell.value;
  }
  hash_input_ += record.dn;
  record_hash_ = HashOf(hash_input_);
}

void RuleMapper::NoteTurn(const Findings& findings) {
  if (findings.turns && (!turns_ || *findings.turns < *turns_)) turns_ = findings.turns;
}

Facts RuleMapper::FactsOf(const CompiledRule& rule, const Record& record, JoinedRecord& joined) {
  if (rule.joins.empty()) {
    joined.origins.clear();
    joined.trouble.clear();
    joined.may_be_rejected = false;
    MarkCutShort(book_.sources[rule.source], record, joined.origins);
    return {.record = record, .origins = joined.origins};
  }
  Join(rule, book_.sources, partners_, record, partner_record_, joined);
  return joined.facts();
}

Verdict RuleMapper::LetsIn(const CompiledRule& rule, const Record& record) {
  const Facts facts = FactsOf(rule, record, joined_);
  Verdict lets_in = Verdict::kYes;
  for (const Filter* filter : {&rule.scope, &rule.filter}) {
    Findings findings;
    const Verdict verdict = filter->Judge(facts, rule.dates, findings);
    NoteTurn(findings);
    if (verdict == Verdict::kYes) continue;
    const bool lacks_partner = verdict == Verdict::kUndefined && findings.cause.why == Findings::Why::kMissingRecord;
    if (verdict == Verdict::kNo || (lacks_partner && KeepsOutWithoutPartner(rule, *filter, facts))) return Verdict::kNo;
    lets_in = Verdict::kUndefined;
  }
  return lets_in;
}

void RuleMapper::Map(const CompiledRule& rule, const Record& record, const Gathered& gathered) {
  MapRecord(rule, record, gathered);
  if (trace_ != nullptr) Retrace(rule, record, gathered);
}

void RuleMapper::MapRecord(const CompiledRule& rule, const Record& record, const Gathered& gathered) {
  const Facts facts = FactsOf(rule, record, joined_);
  reason_.clear();
  if (note_ != nullptr) NoteJoins(rule, record);
  Standing standing = Judge(rule, facts);
  if (standing == Standing::kLeft && !gathered.leads) {
    // Another record may lead, and that one says of nobody that they left.
    AddProblem("which of the records with this key leads cannot be told now");
    standing = Standing::kQuarantined;
  }
  if (standing == Standing::kFilteredOut) {
    reason_ = rule.filter_named;
    if (lacks_partner_) reason_ += " for want of a joined record";
    FilteredOut(rule, record, reason_, /*is_in_scope=*/!rule.scope.empty(),
                !left_unknown_.empty() && joined_.may_be_rejected);
    return;
  }
  view_ = {};
  view_.kind = rule.kind;
  view_.standing = standing;
  view_.rule = rule.index;
  view_.source = rule.source;
  view_.line = record.line;
  view_.dn = facts.record.dn;
  view_.dn_known = rule.joins.empty() || joined_.dn_known;
  view_.record_hash = record_hash_;
  // A group comes and goes with many records.
  if (standing == Standing::kPresent && rule.kind != Kind::kGroup) view_.leaves_on = leaves_on_;
  const auto key = FindKey(rule, facts, record, standing);
  if (!key) return;
  view_.key = *key;

  if (standing != Standing::kOutOfScope) {
    const Facts all = &gathered.record == &record ? facts : FactsOf(rule, gathered.record, joined_gathered_);
    gathered_is_whole_ = gathered.is_whole;
    const std::size_t judged = reason_.size();
    MapFields(rule, facts, all);
    if (rule.groups) MapGroups(rule, all);
    if (rule.members) MapMembers(rule, all);
    is_records_trouble_ = reason_.size() == judged;
    if (standing == Standing::kLeft || standing == Standing::kUndecided) {
      // Gone is gone, whatever else is wrong with the record; and of who may be gone it is of no use to know.
      reason_.resize(judged);
    } else {
      if (!rule.joins.empty() && !joined_.trouble.empty()) {
        if (reason_.find(joined_.trouble) == std::string::npos) AddProblem(joined_.trouble);
      }
      if (!reason_.empty()) view_.standing = Standing::kQuarantined;
    }
  }
  view_.reason = reason_;
  if (view_.standing == Standing::kPresent && rule.kind != Kind::kGroup) {
    view_.reason = left_unknown_;
    view_.may_be_rejected = joined_.may_be_rejected;
  }
  Emit(rule);
}

std::optional<std::string_view> RuleMapper::FindKey(const CompiledRule& rule, const Facts& facts, const Record& record,
                                                    Standing standing) {
  if (rule.keyed_by_source()) {
    const Slot slot = book_.sources[rule.source].key;
    const std::string_view key = record.First(slot);
    if (key.empty()) {
      // Outside the scope it is nobody of ours.
      if (standing != Standing::kOutOfScope) {
        Reject(record, "no value in " + std::string(book_.sources[rule.source].table.NameOf(slot)), KeyOf::kNobody);
      }
      return std::nullopt;
    }
    return KeyFrom(rule, {.state = FieldState::kValue, .text = key}, record);
  }
  Rendered name;
  if (rule.kind == Kind::kGroup) {
    for (const CompiledField& field : rule.fields) {
      if (field.id == kGroupName) name = field.value.Render(facts, bench());
    }
    // A record that names no group has none. Where its own attribute is the key, that names it.
    const bool has_key_of_its_own = rule.key && rule.key->is_one_attribute();
    if (name.state == FieldState::kEmpty && !has_key_of_its_own) return std::nullopt;
  }
  const Rendered rendered = rule.key ? rule.key->Render(facts, bench()) : name;
  if (rendered.state == FieldState::kValue) return KeyFrom(rule, rendered, record);
  if (rule.kind == Kind::kGroup && name.state == FieldState::kEmpty) return std::nullopt;
  if (rule.kind == Kind::kGroup) {
    RefuseGroup(rule, facts, record, standing, rendered);
  } else {
    RefuseKey(rule, facts, record, standing, rendered);
  }
  return std::nullopt;
}

std::optional<std::string_view> RuleMapper::KeyFrom(const CompiledRule& rule, const Rendered& rendered,
                                                    const Record& record) {
  if (rule.reads_bytes && !IsUtf8(rendered.text)) {
    const std::string why = "the key of this " + std::string(Name(rule.kind)) + " is not UTF-8";
    if (rule.kind == Kind::kGroup) {
      RejectGroup(record, why);
    } else {
      Reject(record, why);
    }
    return std::nullopt;
  }
  return rendered.text;
}

void RuleMapper::MapFields(const CompiledRule& rule, const Facts& facts, const Facts& all) {
  for (const CompiledField& field : rule.fields) {
    const Facts& seen = field.value.gathers() ? all : facts;
    const Rendered rendered = field.value.Render(seen, bench());
    FieldView& out = view_.fields[field.id];
    out = {.state = rendered.state, .text = rendered.state == FieldState::kValue ? rendered.text : std::string_view()};
    CheckField(rule, field, rendered, seen);
    if (field.value.gathers() && !gathered_is_whole_) out = {.state = FieldState::kUnknown, .text = {}};
    if (note_ != nullptr) NoteField(rule, field);
  }
}

void RuleMapper::CheckField(const CompiledRule& rule, const CompiledField& field, const Rendered& rendered,
                            const Facts& facts) {
  const FieldSpec& spec = FieldsOf(rule.kind)[field.id];
  FieldView& out = view_.fields[field.id];
  if (rendered.failed) {
    AddProblem(ExplainFailure(rule, facts, rendered));
    return;
  }
  if (rendered.state == FieldState::kEmpty && spec.required) AddProblem(Label(spec) + " missing");
  if (rendered.state != FieldState::kValue) return;

  const auto from = [&] {
    return rendered.slot == kNoSlot ? std::string() : " (" + Attribute(rule, facts, rendered.slot) + ")";
  };
  if (rule.reads_bytes && !IsUtf8(rendered.text)) {
    AddProblem(Label(spec) + " is not UTF-8 text" + from());
    out = {.state = FieldState::kUnknown, .text = {}};
    return;
  }
  if (spec.type == FieldType::kBoolean) {
    const auto value = ParseBoolean(rendered.text);
    out = {.state = value ? FieldState::kValue : FieldState::kUnknown,
           .text = value && *value ? "true" : (value ? "false" : "")};
    if (!value) AddProblem(Label(spec) + " " + Quoted(rendered.text) + from() + " is neither true nor false");
  } else if (rule.kind != Kind::kGroup && field.id == NaturalKeyField(rule.kind)) {
    const std::string_view why = WhyNoEmail(rendered.text);
    if (why.empty()) return;
    out = {.state = FieldState::kUnknown, .text = {}};
    AddProblem(Label(spec) + " " + Quoted(rendered.text) + from() + " is no address: " + std::string(why));
  }
}

void RuleMapper::MapGroups(const CompiledRule& rule, const Facts& all) {
  groups_.clear();
  view_.maps_groups = true;
  const Rendered rendered = rule.groups->RenderEach(all, bench(), groups_);
  if (rendered.failed) AddProblem("groups: " + ExplainFailure(rule, all, rendered));
  view_.groups_known = rendered.state != FieldState::kUnknown && gathered_is_whole_;
  if (!view_.groups_known) groups_.clear();
  std::sort(groups_.begin(), groups_.end());
  groups_.erase(std::unique(groups_.begin(), groups_.end()), groups_.end());
  view_.groups = groups_;
}

void RuleMapper::MapMembers(const CompiledRule& rule, const Facts& all) {
  members_.clear();
  view_.maps_members = true;
  const Rendered rendered = rule.members->RenderEach(all, bench(), members_);
  if (rendered.failed) AddProblem("members: " + ExplainFailure(rule, all, rendered));
  view_.members_known = rendered.state != FieldState::kUnknown && gathered_is_whole_;
  if (!view_.members_known) members_.clear();
  view_.members = members_;
}

void RuleMapper::AddProblem(std::string_view problem) {
  if (!reason_.empty()) reason_ += "; ";
  reason_ += problem;
}

}  // namespace ucaas_sync::mapping
