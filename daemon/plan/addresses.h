// E-mails and group names are what the target tells objects apart by: nobody may take one that another still has. Finds
// the same address wanted twice, an address still held, a key that vanished while another appeared with its e-mail
// (a proposal to rekey), and puts chains in order so that an address is released before it is taken.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "daemon/plan/leaving.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Looks at all drafts; sets aside who collides, and sets Draft::depth along chains.
void SettleAddresses(Workspace& work, std::span<const SourceState> sources);

/// How the reason begins with which the newcomer of a proposal to rekey is set aside.
std::string RekeyProposal(std::string_view vanished);

}  // namespace ucaas_sync::plan
