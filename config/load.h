// Reads a configuration file: YAML with positions to plain structs. Loading is a function of the file, the secret files
// it names and the environment; it keeps nothing. It never throws for what a file says: every problem is a diagnostic.
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
/// Locations name `file` as it is given here; paths inside are absolute, from the folder of `file`.
/// Of the environment it reads what ${NAME} names, $STATE_DIRECTORY and $CREDENTIALS_DIRECTORY.
Config Load(const std::filesystem::path& file, const Environment& environment, Diagnostics& diagnostics);

}  // namespace ucaas_sync::config
