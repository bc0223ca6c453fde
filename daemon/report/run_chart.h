// The last runs as a small inline SVG: a bar for each, as high as it has changes (logarithmic), coloured by how it
// ended, and a line for how long it took.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::report {

/// `runs`: newest first; drawn oldest first. Empty for no runs.
std::string RunChart(const std::vector<RunRecord>& runs);

}  // namespace ucaas_sync::report
