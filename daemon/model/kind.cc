#include "daemon/model/kind.h"

namespace ucaas_sync {

std::string_view Name(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "user";
    case Kind::kGroup:
      return "group";
    case Kind::kContact:
      return "contact";
  }
  return "";
}

std::string_view Name(Action action) {
  switch (action) {
    case Action::kCreate:
      return "create";
    case Action::kAdopt:
      return "adopt";
    case Action::kUpdate:
      return "update";
    case Action::kSuspend:
      return "suspend";
    case Action::kReactivate:
      return "reactivate";
    case Action::kDelete:
      return "delete";
  }
  return "";
}

std::optional<Kind> KindNamed(std::string_view name) {
  for (const Kind kind : kAllKinds) {
    if (Name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::optional<Action> ActionNamed(std::string_view name) {
  for (const Action action : kAllActions) {
    if (Name(action) == name) return action;
  }
  return std::nullopt;
}

}  // namespace ucaas_sync
