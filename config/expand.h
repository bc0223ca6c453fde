// ${NAME} in values: the environment's part of the configuration. Pure; failures are diagnostics.
#pragma once

#include <optional>
#include <string>

#include "config/diagnostics.h"
#include "config/load.h"

namespace ucaas_sync::config {

/// `text` with each ${NAME} replaced by that variable's value, which is not looked at again, and $${ by a literal ${.
/// Nothing when a variable is not set or a name is no name; that is reported. The result equals the input when the
/// input has no "${".
std::optional<std::string> Expand(const Text& text, const Environment& environment, Diagnostics& diagnostics);

}  // namespace ucaas_sync::config
