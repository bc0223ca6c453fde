// Reads a configuration file: YAML with positions to plain structs.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "config/config.h"
#include "config/diagnostics.h"

namespace ucaas_sync::config {

/// Looks up an environment variable.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
/// The process's own.
Environment ProcessEnvironment();

/// Reads `file` and all secret files that it names. Every problem goes to `diagnostics`; what could be read is
/// returned, and is fit for use only when the diagnostics are ok (after the rooms have checked their part).
Config Load(const std::filesystem::path& file, const Environment& environment, Diagnostics& diagnostics);

}  // namespace ucaas_sync::config
