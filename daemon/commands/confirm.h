// What cannot be taken back is asked for once more: of the person at the terminal, or by --yes.
#pragma once

#include <string>

#include "daemon/commands/command.h"

namespace ucaas_sync::commands {

/// True with `yes`, or when the person answers "yes". Throws Failure (kUsage) where there is nobody to ask.
bool Confirm(const Session& session, bool yes, const std::string& question);

/// What a command ends with when the answer was no.
ExitCode Declined(const Session& session);

}  // namespace ucaas_sync::commands
