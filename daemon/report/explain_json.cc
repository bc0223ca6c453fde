#include <ostream>

#include "daemon/model/json_text.h"
#include "daemon/report/explain.h"
#include "daemon/report/explain_words.h"
#include "daemon/report/quarantine.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string Quoted(const std::optional<Instant>& instant) {
  return instant ? Quoted(FormatInstant(*instant)) : "null";
}

/// A field's value; null where there is none or it is not known.
std::string ValueOf(const Field& field) {
  if (field.state == FieldState::kValue) return Quoted(field.text);
  return field.state == FieldState::kEmpty ? "\"\"" : "null";
}

template <typename List, typename Write>
std::string ListOf(const List& list, Write&& write) {
  std::string text = "[";
  for (const auto& item : list) text += (text.size() > 1 ? "," : "") + write(item);
  return text + ']';
}

std::string Texts(const std::vector<std::string>& texts) {
  return ListOf(texts, [](const std::string& text) { return Quoted(text); });
}

std::string PlaceJson(const SourceRef& source) {
  std::string text = "{\"name\":" + Quoted(source.name) + ",\"line\":" + std::to_string(source.line);
  return source.dn.empty() ? text + '}' : text + ",\"dn\":" + Quoted(source.dn) + '}';
}

std::string_view FoundWord(JoinTrace::Found found) {
  switch (found) {
    case JoinTrace::Found::kFound:
      return "found";
    case JoinTrace::Found::kMissing:
      return "missing";
    case JoinTrace::Found::kMaybeRejected:
      return "maybe rejected";
    case JoinTrace::Found::kNoKey:
      return "no key";
    case JoinTrace::Found::kSeveral:
      return "several";
    case JoinTrace::Found::kUnusable:
      return "unusable";
  }
  return "";
}

std::string_view StandingWord(const std::optional<Standing>& standing) {
  if (!standing) return "filtered out";
  switch (*standing) {
    case Standing::kPresent:
      return "present";
    case Standing::kLeft:
      return "left";
    case Standing::kOutOfScope:
      return "out of scope";
    case Standing::kQuarantined:
      return "quarantined";
    case Standing::kFilteredOut:
      return "filtered out";
    case Standing::kUndecided:
      return "undecided";
  }
  return "";
}

std::string_view ComparisonWord(ComparisonTrace::Verdict verdict) {
  switch (verdict) {
    case ComparisonTrace::Verdict::kEqual:
      return "equal";
    case ComparisonTrace::Verdict::kDifferent:
      return "different";
    case ComparisonTrace::Verdict::kNotCompared:
      return "not compared";
  }
  return "";
}

std::string FilterJson(const FilterTrace& filter) {
  return "{\"name\":" + Quoted(filter.name) + ",\"text\":" + Quoted(filter.text) +
         ",\"verdict\":" + Quoted(WordOf(filter.verdict)) + ",\"clause\":" + Quoted(filter.clause) +
         ",\"clause_holds\":" + (filter.clause_holds ? "true" : "false") + ",\"values\":" +
         ListOf(filter.values,
                [](const FilterTrace::Value& value) {
                  return "{\"attribute\":" + Quoted(value.attribute) + ",\"values\":" + Texts(value.values) + '}';
                }) +
         '}';
}

std::string RecordJson(const RecordTrace& record) {
  std::string text = "{\"kind\":" + Quoted(Name(record.kind)) + ",\"key\":" + Quoted(record.key) +
                     ",\"rule\":" + std::to_string(record.rule) + ",\"source\":" + PlaceJson(record.source) +
                     ",\"standing\":" + Quoted(StandingWord(record.standing));
  if (!record.prefer.empty()) text += ",\"prefer\":" + Quoted(record.prefer);
  text += ",\"joins\":" + ListOf(record.joins, [](const JoinTrace& join) {
            return "{\"source\":" + Quoted(join.source) + ",\"attribute\":" + Quoted(join.attribute) +
                   ",\"key\":" + Quoted(join.key) + ",\"found\":" + Quoted(FoundWord(join.found)) +
                   ",\"line\":" + std::to_string(join.line) + '}';
          });
  text += ",\"filters\":" + ListOf(record.filters, FilterJson);
  text += ",\"fields\":" + ListOf(record.fields, [](const FieldTrace& field) {
            return "{\"name\":" + Quoted(field.name) + ",\"template\":" + Quoted(field.written) +
                   ",\"value\":" + (field.secret ? "null" : ValueOf(Field(field.state, field.value))) + '}';
          });
  text += ",\"groups\":" + Texts(record.groups);
  return text + ",\"reason\":" + Quoted(record.reason) + '}';
}

std::string OperationJson(const Operation& operation) {
  return "{\"kind\":" + Quoted(Name(operation.kind)) + ",\"action\":" + Quoted(Name(operation.action)) +
         ",\"key\":" + Quoted(operation.key) + ",\"remote_id\":" + Quoted(operation.remote_id) + ",\"changes\":" +
         ListOf(ShownChanges(operation),
                [](const ShownChange& change) {
                  return "{\"attribute\":" + Quoted(change.attribute) +
                         ",\"before\":" + (change.has_before ? Quoted(change.before) : "null") +
                         ",\"after\":" + (change.has_after ? Quoted(change.after) : "null") + '}';
                }) +
         ",\"reason\":" + Quoted(operation.reason) + ",\"source\":" + PlaceJson(operation.source) + '}';
}

std::string StoredJson(const StoredEntity& stored) {
  return "{\"remote_id\":" + Quoted(stored.remote_id) + ",\"lifecycle\":" + Quoted(WordOf(stored.lifecycle)) +
         ",\"ownership\":" + Quoted(WordOf(stored.ownership)) + ",\"source\":" + Quoted(stored.source) +
         ",\"suspended_at\":" + Quoted(stored.suspended_at) + '}';
}

std::string EntityJson(const Explanation& all, Kind kind, const std::string& key) {
  const Decision decision = DecisionOn(all, kind, key);
  std::string text = "{\"kind\":" + Quoted(Name(kind)) + ",\"key\":" + Quoted(key) +
                     ",\"decision\":" + Quoted(decision.word) + ",\"reason\":" + Quoted(decision.text);
  std::string state = "null";
  for (const StoredEntity& stored : all.stored) {
    if (stored.kind == kind && stored.key == key) state = StoredJson(stored);
  }
  text += ",\"state\":" + state;
  for (const EntityTrace& entity : all.trace ? all.trace->entities() : std::deque<EntityTrace>()) {
    if (entity.kind != kind || entity.key != key) continue;
    text += ",\"comparison\":" + ListOf(entity.comparison, [&](const ComparisonTrace& field) {
              return "{\"field\":" + Quoted(FieldsOf(kind)[field.field].name) + ",\"stored\":" + ValueOf(field.stored) +
                     (field.found ? ",\"found\":" + ValueOf(*field.found) : "") +
                     ",\"desired\":" + ValueOf(field.desired) +
                     ",\"verdict\":" + Quoted(ComparisonWord(field.verdict)) +
                     (field.why.empty() ? "" : ",\"why\":" + Quoted(field.why)) + '}';
            });
    if (entity.drift) {
      text += std::string(",\"drift\":{\"missing\":") + (entity.drift->missing ? "true" : "false") +
              ",\"groups\":" + (entity.drift->groups ? Texts(*entity.drift->groups) : "null") + '}';
    }
    text += ",\"notes\":" + ListOf(entity.notes, [](const EntityTrace::Note& note) {
              return "{\"step\":" + Quoted(note.step) + ",\"text\":" + Quoted(note.text) + '}';
            });
    text += ",\"absent_since\":" + Quoted(entity.absence ? std::optional(entity.absence->since) : std::nullopt);
    text += ",\"acts_at\":" + Quoted(entity.acts_at);
    text += ",\"operation\":" + (entity.operation ? OperationJson(*entity.operation) : "null");
  }
  return text + '}';
}

std::string AttemptJson(const Attempt& attempt) {
  return "{\"at\":" + Quoted(FormatInstant(attempt.at)) + ",\"call\":" + Quoted(attempt.call) +
         ",\"verdict\":" + Quoted(attempt.verdict) + ",\"request_id\":" + Quoted(attempt.request_id) +
         ",\"http_status\":" + std::to_string(attempt.http_status) + ",\"result\":" + Quoted(attempt.result) +
         ",\"message\":" + Quoted(attempt.message) + ",\"latency_us\":" + std::to_string(attempt.latency.count()) + '}';
}

std::string PastJson(const PastOperation& past) {
  std::string text = "{\"run\":" + Quoted(past.run.id) + ",\"started\":" + Quoted(FormatInstant(past.run.started)) +
                     ",\"operation\":" + OperationJson(past.operation) + ",\"outcome\":";
  const std::string requests = ",\"requests\":" + ListOf(past.requests, AttemptJson);
  if (!past.outcome) return text + "null" + requests + '}';
  const OperationOutcome& outcome = *past.outcome;
  return text + "{\"done\":" + (outcome.done ? "true" : "false") + ",\"verdict\":" + Quoted(outcome.verdict) +
         ",\"at\":" + Quoted(FormatInstant(outcome.at)) + ",\"http_status\":" + std::to_string(outcome.http_status) +
         ",\"result\":" + Quoted(outcome.result) + ",\"message\":" + Quoted(outcome.message) +
         ",\"attempts\":" + std::to_string(outcome.attempts) + ",\"request_id\":" + Quoted(outcome.request_id) +
         ",\"latency_us\":" + std::to_string(outcome.latency.count()) + requests + "}}";
}

std::string DecisionJson(const StoredDecision& decision) {
  return "{\"run\":" + Quoted(decision.run) + ",\"at\":" + Quoted(FormatInstant(decision.at)) +
         ",\"kind\":" + Quoted(decision.kind) + ",\"key\":" + Quoted(decision.key) +
         ",\"decision\":" + Quoted(decision.word) + ",\"reason\":" + Quoted(decision.reason) +
         ",\"source\":" + PlaceJson(decision.source) + '}';
}

}  // namespace

void WriteExplanationJson(const Explanation& all, std::ostream& out) {
  out << "{\"who\":" << Quoted(all.who) << ",\"at\":" << Quoted(FormatInstant(all.now))
      << ",\"keys\":" << Texts(all.keys) << ",\"forgotten\":" << Quoted(all.forgotten) << ",\"former_keys\":"
      << ListOf(all.former_keys,
                [](const FormerKey& former) {
                  return "{\"key\":" + Quoted(former.key) + ",\"now\":" + Quoted(former.now) +
                         ",\"since\":" + Quoted(FormatInstant(former.at)) + '}';
                })
      << ",\"once_had_who\":" << Texts(all.once_had_who)
      << ",\n\"set_aside\":" << ListOf(WithHolds(all.quarantine, all.holds), QuarantineItemJson);
  if (all.run) {
    out << ",\n\"run\":{\"id\":" << Quoted(all.run->id) << ",\"started\":" << Quoted(FormatInstant(all.run->started))
        << ",\"outcome\":" << (all.run->outcome ? Quoted(Word(*all.run->outcome)) : "null")
        << ",\"message\":" << Quoted(all.run->message) << '}';
  }
  out << ",\n\"sources\":"
      << ListOf(all.sources,
                [](const PlanSource& source) {
                  return "{\"name\":" + Quoted(source.name) + ",\"location\":" + Quoted(source.location) +
                         ",\"records\":" + std::to_string(source.records) +
                         ",\"rejected\":" + std::to_string(source.rejected) +
                         ",\"complete\":" + (source.complete ? "true" : "false") + '}';
                })
      << ",\"source_trouble\":" << (all.source_trouble.empty() ? "null" : Quoted(all.source_trouble));
  if (all.trace) {
    out << ",\n\"records\":" << ListOf(all.trace->records(), RecordJson)
        << ",\"records_left_out\":" << all.trace->records_left_out()
        << ",\n\"rejects\":" << ListOf(all.trace->rejects(), [](const RejectTrace& reject) {
             return "{\"source\":" + Quoted(reject.source) + ",\"line\":" + std::to_string(reject.line) +
                    ",\"reason\":" + Quoted(reject.reason) + '}';
           });
  }
  out << ",\n\"entities\":"
      << ListOf(Subjects(all), [&](const auto& subject) { return EntityJson(all, subject.first, subject.second); })
      << ",\n\"held\":" << (all.held ? "true" : "false")
      << ",\"guards\":" << ListOf(all.guards, [](const GuardVerdict& guard) {
           return "{\"name\":" + Quoted(guard.name) + ",\"limit\":" + std::to_string(guard.limit) +
                  ",\"actual\":" + std::to_string(guard.actual) + ",\"held\":" + (guard.held ? "true" : "false") + '}';
         });
  out << ",\n\"decisions\":" << ListOf(all.decisions, DecisionJson)
      << ",\n\"operations\":" << ListOf(all.operations, PastJson) << "}\n";
}

}  // namespace ucaas_sync::report
