// Which operations stand under which guard: the one answer for the guards' examples and for what an approval covers.
// A value that looks at one operation at a time; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/model/fields.h"
#include "daemon/model/operation.h"

namespace ucaas_sync::plan {

class GuardReach {
 public:
  /// By a verdict's name and subject. Nothing for a guard on a source, under which no operation stands.
  static std::optional<GuardReach> Of(std::string_view name, std::string_view subject);
  bool Holds(const Operation& operation) const;

 private:
  enum class What { kCreates, kUpdates, kSuspends, kDeletes, kRewrites, kMembersLost };
  GuardReach(What what, Kind kind) : what_(what), kind_(kind) {}

  What what_;
  Kind kind_;
  FieldId field_ = 0;  // kRewrites
  std::string group_;  // kMembersLost
};

}  // namespace ucaas_sync::plan
