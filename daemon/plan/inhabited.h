// Groups that must not go yet, though their source lets them: the target takes everybody out of a group that is
// deleted, and whoever is held, set aside, protected or out of scope is not to be changed. Pure; a step of a plan.
#pragma once

#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Drops the removal of each group that such a contact is in, by the state or as the target was last seen; says who it
/// is. After all steps that set people aside.
void KeepInhabitedGroups(Workspace& work);

}  // namespace ucaas_sync::plan
