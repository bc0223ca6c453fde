// Who is missing and stays all the same, and whom a filter takes out: counted while leaving is planned, told
// afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

struct LeavingReport {
  std::uint64_t without_rule = 0;                                               ///< No rule reads their source.
  std::uint64_t gone_outside = 0;                                               ///< When last seen out of scope.
  std::map<std::uint16_t, std::uint64_t> hidden;                                ///< By source: a reject may be theirs.
  std::map<std::uint16_t, std::uint64_t> unnamed;                               ///< By source: groups alone.
  std::map<std::string, std::array<std::vector<SlotId>, kKindCount>> filtered;  ///< By filter.
  std::vector<std::string> kept_adopted;                                        ///< Keys.

  /// Adds the warnings of a plan.
  void Tell(Workspace& work);
};

}  // namespace ucaas_sync::plan
