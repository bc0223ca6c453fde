// An explanation as a story for people, and the same as JSON for programs. Text from sources is escaped in both.
#pragma once

#include <iosfwd>

#include "daemon/model/explanation.h"

namespace ucaas_sync::report {

void WriteExplanationText(const Explanation& explanation, bool colour, std::ostream& out);
void WriteExplanationJson(const Explanation& explanation, std::ostream& out);

}  // namespace ucaas_sync::report
