#include "daemon/report/explain_words.h"

#include <algorithm>
#include <set>

#include "daemon/model/text.h"

namespace ucaas_sync::report {
namespace {

const EntityTrace* Find(const Explanation& explanation, Kind kind, const std::string& key) {
  if (!explanation.trace) return nullptr;
  for (const EntityTrace& entity : explanation.trace->entities()) {
    if (entity.kind == kind && entity.key == key) return &entity;
  }
  return nullptr;
}

const StoredEntity* FindStored(const Explanation& explanation, Kind kind, const std::string& key) {
  for (const StoredEntity& stored : explanation.stored) {
    if (stored.kind == kind && stored.key == key) return &stored;
  }
  return nullptr;
}

/// The first record that says no of the ones about this entity, or null when some record is let in. Of whom nobody can
/// tell whether they are let in, only newcomers are kept out by that.
const RecordTrace* KeptOut(const Explanation& explanation, Kind kind, const std::string& key, bool is_there) {
  const RecordTrace* kept_out = nullptr;
  for (const RecordTrace& record : explanation.trace->records()) {
    if (record.kind != kind || record.key != key) continue;
    if (record.standing && (is_there || record.standing != Standing::kUndecided)) return nullptr;
    if (kept_out == nullptr) kept_out = &record;
  }
  return kept_out;
}

bool HasRecord(const Explanation& explanation, Kind kind, const std::string& key) {
  const auto& records = explanation.trace->records();
  return std::any_of(records.begin(), records.end(), [&](const RecordTrace& record) {
    return record.kind == kind && record.key == key && record.standing.has_value();
  });
}

std::string FilterText(const RecordTrace& record) {
  if (record.filters.empty()) return "the rule";
  const FilterTrace& filter = record.filters.back();
  const bool is_judged = filter.verdict != FilterTrace::Verdict::kUndefined;
  return "the " + filter.name + (is_judged ? ", decided by " : ", which cannot be judged for ") + filter.clause;
}

std::string NotesText(const EntityTrace& entity) {
  std::string text;
  for (const EntityTrace::Note& note : entity.notes) text += (text.empty() ? "" : "; ") + note.text;
  return text;
}

}  // namespace

std::vector<std::pair<Kind, std::string>> Subjects(const Explanation& explanation) {
  std::set<std::pair<Kind, std::string>> subjects;
  for (const StoredEntity& stored : explanation.stored) subjects.emplace(stored.kind, stored.key);
  if (explanation.trace) {
    for (const EntityTrace& entity : explanation.trace->entities()) subjects.emplace(entity.kind, entity.key);
    for (const RecordTrace& record : explanation.trace->records()) {
      if (!record.key.empty()) subjects.emplace(record.kind, record.key);
    }
  }
  return {subjects.begin(), subjects.end()};
}

Decision DecisionOn(const Explanation& explanation, Kind kind, const std::string& key) {
  const StoredEntity* const stored = FindStored(explanation, kind, key);
  const bool is_there = stored != nullptr && stored->lifecycle != Lifecycle::kGone;
  if (!explanation.trace) return {.word = "past", .text = {}};
  if (!explanation.source_trouble.empty()) {
    return {.word = "source", .text = "nothing is planned while a required source cannot be used; nobody is touched"};
  }
  const EntityTrace* const entity = Find(explanation, kind, key);
  const RecordTrace* const kept_out = KeptOut(explanation, kind, key, is_there);
  if (entity != nullptr && entity->operation) {
    const Operation& operation = *entity->operation;
    Decision decision{.word = std::string(Name(operation.action)),
                      .text = std::string(Name(operation.action)) + " on the next run: " + operation.reason};
    if (explanation.state_is_empty && operation.action == Action::kCreate) {
      decision.text +=
          "; or adopt, if the account has it already: nothing is known of the account yet, and explain does not ask it "
          "(`ucaas-sync plan` does)";
    }
    if (explanation.held) decision.text += "; but a guard holds the plan, so nothing is written";
    return decision;
  }
  const std::string out = kept_out != nullptr ? "its record is kept out by " + FilterText(*kept_out) : std::string();
  if (entity != nullptr && !entity->notes.empty()) {
    Decision decision{.word = entity->notes.front().step, .text = NotesText(*entity)};
    if (decision.word == "quarantine") {
      decision.text = std::string("in quarantine, ") + (is_there ? "neither changed nor removed" : "not created") +
                      " until it is mended: " + decision.text;
    }
    if (!out.empty()) decision = {.word = "filtered out", .text = out + "; " + decision.text};
    if (entity->acts_at) decision.text += "; not before " + FormatInstant(*entity->acts_at);
    return decision;
  }
  if (!out.empty()) {
    return {.word = "filtered out", .text = out + (is_there ? "; left as it is for now" : "; so it is not created")};
  }
  if (is_there && entity != nullptr && entity->drift) {
    return {.word = "drift",
            .text = "left as it is: what somebody else changed at the account is nothing that a rule would put back"};
  }
  if (is_there && HasRecord(explanation, kind, key)) {
    return {.word = "unchanged", .text = "nothing to do: the account has what the record wants, as it was last seen"};
  }
  if (is_there) return {.word = "none", .text = "in no record of the sources; left as it is"};
  if (stored != nullptr) return {.word = "gone", .text = "was deleted at the target; its key is remembered"};
  return {.word = "none", .text = "nothing is done"};
}

const DriftFinding* DriftOf(const Explanation& explanation, Kind kind, const std::string& key) {
  const EntityTrace* const entity = Find(explanation, kind, key);
  return entity != nullptr && entity->drift ? &*entity->drift : nullptr;
}

std::string WordOf(FilterTrace::Verdict verdict) {
  switch (verdict) {
    case FilterTrace::Verdict::kNo:
      return "no";
    case FilterTrace::Verdict::kYes:
      return "yes";
    case FilterTrace::Verdict::kUndefined:
      break;
  }
  return "cannot be judged";
}

std::string JoinText(const JoinTrace& join) {
  const std::string with = "with " + join.attribute + " \"" + join.key + '"';
  switch (join.found) {
    case JoinTrace::Found::kFound:
      return join.source + ": the record at line " + std::to_string(join.line) + ' ' + with;
    case JoinTrace::Found::kMissing:
      return join.source + ": no record " + with +
             "; what would come from there is not known: a default serves where there is one, else it is neither "
             "compared "
             "nor written";
    case JoinTrace::Found::kMaybeRejected:
      return join.source + ": no record " + with +
             ", but a rejected one may be it; what would come from there is not known, and not changed";
    case JoinTrace::Found::kNoKey:
      return join.source + ": the record has no " + join.attribute + ", so there is nothing to look up";
    case JoinTrace::Found::kSeveral:
      return join.source + ": several records " + with + ", the first at line " + std::to_string(join.line);
    case JoinTrace::Found::kUnusable:
      return join.source + ": the source cannot be used now; what comes from there is not known, and not changed";
  }
  return {};
}

std::string_view WordOf(Lifecycle lifecycle) {
  switch (lifecycle) {
    case Lifecycle::kActive:
      return "active";
    case Lifecycle::kSuspended:
      return "suspended";
    case Lifecycle::kGone:
      return "gone";
  }
  return "";
}

std::string_view WordOf(Ownership ownership) {
  switch (ownership) {
    case Ownership::kCreated:
      return "created by us";
    case Ownership::kAdopted:
      return "adopted";
  }
  return "";
}

std::string Shown(const Field& field) {
  switch (field.state) {
    case FieldState::kValue:
      return '"' + field.text + '"';
    case FieldState::kEmpty:
      return "(empty)";
    case FieldState::kUnknown:
      return "(not known now)";
    case FieldState::kUnmapped:
      break;
  }
  return "(none)";
}

}  // namespace ucaas_sync::report
