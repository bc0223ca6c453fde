// Who runs the program, and as whom it goes on. One process has one identity: called once, before anything is opened.
#pragma once

#include <string>

#include "config/load.h"

namespace ucaas_sync::commands {

/// The person at the keyboard, through sudo too, for the record: "ada", "root", or "uid 1001".
std::string InvokingUser(const config::Environment& environment);

/// Root becomes the user of the service, `ucaas-sync`, where there is one: what a command makes must be the service's
/// to use, and reading an export needs no power over the host. Throws Failure when the system does not let it.
void BecomeServiceUser();

}  // namespace ucaas_sync::commands
