// A plan as text for people: the counts first, then what holds it, then each change as attribute, before, after and
// why. Made for 80 columns and for every day. Text from sources is printable-escaped: it can neither steer a terminal
// nor break a line.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "daemon/model/plan.h"

namespace ucaas_sync::report {

struct PlanTextOptions {
  bool colour = false;
  std::size_t width = 80;
  std::size_t operations = 50;  ///< Shown at most; the rest is counted. 0: all.
  std::size_t quarantine = 20;  ///< Likewise.
  std::string approve{};        ///< The command that lets pass what a guard holds, for the last line.
};

void WritePlanText(const Plan& plan, const PlanTextOptions& options, std::ostream& out);

/// What this plan newly set aside, each entry with its file and line and the reason; nothing when there is nothing new.
void WriteNewQuarantine(const Plan& plan, const PlanTextOptions& options, std::ostream& out);

}  // namespace ucaas_sync::report
