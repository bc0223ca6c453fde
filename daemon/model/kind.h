// The kinds of entity that are kept in step, and what an operation can do to one.
// Plain values; the names are the ones used in configuration, plan, log and metric.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ucaas_sync {

enum class Kind : std::uint8_t { kUser, kGroup, kContact };
inline constexpr std::size_t kKindCount = 3;
inline constexpr std::array<Kind, kKindCount> kAllKinds{Kind::kUser, Kind::kGroup, Kind::kContact};

/// An operation's class follows its effect: whatever causes it, turning an active account inactive is a suspend.
enum class Action : std::uint8_t { kCreate, kAdopt, kUpdate, kSuspend, kReactivate, kDelete };
inline constexpr std::size_t kActionCount = 6;
inline constexpr std::array<Action, kActionCount> kAllActions{Action::kCreate,  Action::kAdopt,      Action::kUpdate,
                                                              Action::kSuspend, Action::kReactivate, Action::kDelete};

constexpr std::size_t Index(Kind kind) {
  return static_cast<std::size_t>(kind);
}
constexpr std::size_t Index(Action action) {
  return static_cast<std::size_t>(action);
}

/// "user", "group", "contact".
std::string_view Name(Kind kind);
/// "create", "adopt", "update", "suspend", "reactivate", "delete".
std::string_view Name(Action action);

std::optional<Kind> KindNamed(std::string_view name);
std::optional<Action> ActionNamed(std::string_view name);

}  // namespace ucaas_sync
