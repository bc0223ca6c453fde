#include "daemon/report/words.h"

#include "daemon/model/text.h"

namespace ucaas_sync::report {
namespace {

void Show(const FieldSpec& spec, const Field& field, std::string& text, bool& is_shown) {
  switch (field.state) {
    case FieldState::kUnmapped:
    case FieldState::kUnknown:
      return;
    case FieldState::kEmpty:
      text = "(empty)";
      break;
    case FieldState::kValue:
      text = spec.secret ? "(not shown)" : field.text;
      break;
  }
  is_shown = true;
}

std::string Joined(const std::vector<std::string>& keys) {
  if (keys.empty()) return "(none)";
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + key;
  return text;
}

}  // namespace

std::vector<ShownChange> ShownChanges(const Operation& operation) {
  std::vector<ShownChange> shown;
  const auto specs = FieldsOf(operation.kind);
  for (const FieldChange& change : operation.changes) {
    const FieldSpec& spec = specs[change.field];
    ShownChange line;
    line.attribute = spec.name;
    Show(spec, change.before, line.before, line.has_before);
    Show(spec, change.after, line.after, line.has_after);
    shown.push_back(std::move(line));
  }
  if (operation.groups) {
    ShownChange line{.attribute = "groups",
                     .before = Joined(operation.groups->before),
                     .after = Joined(operation.groups->after),
                     .has_before = operation.action != Action::kCreate,
                     .has_after = operation.action != Action::kDelete};
    shown.push_back(std::move(line));
  }
  return shown;
}

std::string PlaceOf(const SourceRef& source) {
  std::string place = source.name;
  if (source.line != 0) place += " line " + std::to_string(source.line);
  if (!source.dn.empty()) place += ", " + source.dn;
  return place;
}

std::string HeldLine(const GuardVerdict& guard) {
  return guard.name + (guard.subject.empty() ? "" : " (" + guard.subject + ")") + ": " + WithThousands(guard.actual) +
         ", limit " + WithThousands(guard.limit);
}

std::string Plural(Kind kind) {
  return std::string(Name(kind)) + 's';
}

bool IsEmptyPlan(const Plan& plan) {
  return plan.operations.empty();
}

bool Applies(Kind kind, Action action) {
  return kind == Kind::kUser || (action != Action::kSuspend && action != Action::kReactivate);
}

}  // namespace ucaas_sync::report
