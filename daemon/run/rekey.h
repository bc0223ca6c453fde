// Gives a person the key that their source has for them by now: the same accounts under another name.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/kind.h"
#include "daemon/run/pipeline.h"

namespace ucaas_sync::run {

struct Rekeyed {
  std::vector<Kind> kinds;    ///< Whose accounts were kept.
  bool was_proposed = false;  ///< The last plan had asked for it.
};

/// Reads the sources: two keys that both stand there are two people, and the next run would write the one into the
/// account of the other and make that one anew. Refused too while either may have an account that the state does not
/// know, of a create that nobody answered. Throws Failure: kUsage when it is refused, with the reason, and nothing was
/// changed; kSource when nobody proposed it and the sources cannot be asked; kBusy while a run is under way.
Rekeyed Rekey(const Context& context, const std::string& from, const std::string& to);

}  // namespace ucaas_sync::run
