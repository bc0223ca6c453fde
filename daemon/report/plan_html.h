// A plan as one self-contained HTML page: no script, nothing from elsewhere, everything from a source escaped.
#pragma once

#include <iosfwd>

#include "daemon/model/plan.h"

namespace ucaas_sync::report {

void WritePlanHtml(const Plan& plan, std::ostream& out);

}  // namespace ucaas_sync::report
