// Erases what is kept of a person who is gone. Refused while they are anybody's business: the next run would only bring
// it back.
#pragma once

#include <string>
#include <vector>

#include "daemon/run/pipeline.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

struct ForgetResult {
  state::Erasure erased;
  std::vector<std::string> remains;  ///< What is left outside of our reach, one sentence each.
};

/// The one key that `who`, a key or an e-mail, stands for in state and journal; empty when nothing is kept of it.
/// Throws Failure (kUsage) when several people are meant.
std::string WhomToForget(const Context& context, const std::string& who);

/// Takes the run lock and reads the sources. Throws Failure: kUsage with the reason when it may not be yet, kSource
/// when the sources cannot say whether it may.
ForgetResult Forget(const Context& context, const std::string& key);

}  // namespace ucaas_sync::run
