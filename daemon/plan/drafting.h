// From what differs to what to do: one candidate becomes a create, an update, a suspend or a reactivate by its effect,
// or turns out to be equal and only refreshes its fingerprint.
#pragma once

#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Drafts an operation for every candidate that is present and not frozen.
void DraftChanges(Workspace& work);

/// The create that a draft without a packed operation stands for.
Operation BuildCreate(const Workspace& work, const Draft& draft);

}  // namespace ucaas_sync::plan
