// WHO of a command line: a key or an e-mail (a group's name), looked up in the state.
#pragma once

#include <string_view>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::run {

/// Everybody whose key `who` is; when there is none, everybody whose address it is, whatever its case. Deleted ones are
/// left out of the second. By kind, then key. One scan of the narrow table where it is no key.
std::vector<StoredEntity> FindWho(const StateView& state, std::string_view who);

}  // namespace ucaas_sync::run
