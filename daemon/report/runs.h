// The runs as a table for people and as JSON, newest first.
#pragma once

#include <iosfwd>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::report {

void WriteRunsText(const std::vector<RunRecord>& runs, bool colour, std::ostream& out);
void WriteRunsJson(const std::vector<RunRecord>& runs, std::ostream& out);

}  // namespace ucaas_sync::report
