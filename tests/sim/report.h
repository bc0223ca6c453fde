// What one run came to, as the auditor hears of it. A value.
#pragma once

#include <string>
#include <vector>

#include "daemon/apply/executor.h"
#include "daemon/model/plan.h"

namespace ucaas_sync::sim {

struct RunReport {
  enum class End : std::uint8_t {
    kSource,   ///< Refused for its source.
    kTarget,   ///< The target could not be asked, or refused us: the plan was not begun.
    kHeld,     ///< Held by a guard.
    kDone,     ///< Applied, as far as the target let us.
    kCrashed,  ///< Cut off.
  };
  End end = End::kDone;
  std::string run;  ///< Empty when it was cut off before it had an id.
  Instant at;
  bool was_planned = false;
  bool is_revert = false;    ///< Its plan is the inverse of a past run: no record asks for what it does.
  bool had_trouble = false;  ///< The network or a person at the target did something while it ran.
  Plan plan;
  PlanNotes notes;
  apply::ApplyResult applied;
  std::vector<std::string> complaints;  ///< Of the target and of whoever listened, about the program.
  std::vector<std::string> writes;      ///< Requests that change something: "PATCH users/70001".

  std::string ToString() const;
};

}  // namespace ucaas_sync::sim
