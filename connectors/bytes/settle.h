// A file that somebody is still writing is waited for, a while: half an export looks like people who left.
// Time comes in from outside. Single-threaded; what does not come to rest is a Problem.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/clock.h"
#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

struct Patience {
  const Clock* clock = nullptr;
  std::function<void(Duration)> pause;                ///< Lets so much time pass. Empty: files are taken as they are.
  std::function<bool()> stop;                         ///< True: wait no longer. May be empty.
  std::function<void(const std::string& text)> tell;  ///< "waiting for …", once a file. May be empty.
  Duration quiet{2000};                               ///< So long a file must have been left alone.
  Duration bound{10'000};                             ///< So long is waited for all files together.
};

/// Waits until none of the files at `paths` was written for `patience.quiet`. A file whose last write is longer ago is
/// not waited for; one from the future (a server's clock) is watched for that time. One that is not there is somebody
/// else's problem. Returns what did not come to rest within the bound, or why waiting ended.
std::optional<Problem> WaitUntilSettled(const std::vector<std::string>& paths, const Patience& patience);

}  // namespace ucaas_sync::bytes
