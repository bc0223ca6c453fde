// From what differs to what to do: one candidate becomes a create, an update, a suspend or a reactivate by its effect,
// or turns out to be equal and only refreshes its fingerprint.
#pragma once

#include <set>

#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Drafts an operation for every candidate that is present and not frozen; of `unlisted` kinds nobody is created.
void DraftChanges(Workspace& work, const std::set<Kind>& unlisted);

/// Sets aside whoever would be created while it is not known whether they may be let in. Call when it is known who is
/// there already: they are adopted as they are.
void SetAsideUnknownStatus(Workspace& work);

/// The create that a draft without a packed operation stands for; lives as long as `candidate`, its slot's.
CreateView ViewCreate(const Workspace& work, const Draft& draft, const Candidate& candidate);

}  // namespace ucaas_sync::plan
