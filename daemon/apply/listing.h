// The whole of what the target holds of one kind, page by page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/caller.h"
#include "daemon/model/exit_code.h"

namespace ucaas_sync::apply {

struct Listing {
  std::vector<ucaas::RemoteObject> objects;  ///< In the target's order, each id once.
  /// Why it is not the whole: a page failed, was repeated, or there was no end. An incomplete list proves no absence.
  std::optional<std::string> incomplete;
  ExitCode code = ExitCode::kConverged;  ///< What a run that needs the whole ends with.
};

/// Asks for page after page until one is empty. Uses `caller` alone meanwhile.
Listing ListAll(Caller& caller, Kind kind, Observer& observer);

}  // namespace ucaas_sync::apply
