// A day's exports as the files that HR and the directory would write. Throws nothing: a disk that cannot be written
// shows in the run.
#pragma once

#include <filesystem>

#include "tests/sim/world.h"

namespace ucaas_sync::sim {

/// Writes hr.csv and directory.csv to `folder`, spoilt as `day` says.
void WriteExports(const Export& day, const std::filesystem::path& folder);

}  // namespace ucaas_sync::sim
