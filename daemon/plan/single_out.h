// `--only WHO`: the plan is made for everybody, since one person's change may depend on another's, and then narrowed:
// everybody else stays as if unchanged.
#pragma once

#include <string>

#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// `who` is a key or an e-mail (a group's name). Call when addresses are settled. Says so when nobody is meant.
void SingleOut(Workspace& work, const std::string& who);

}  // namespace ucaas_sync::plan
