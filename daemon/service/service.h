// The service: looks at the sources when it is time or when they stir, and runs when what it sees asks for it. Nothing
// that a source or the target does ends it. SIGHUP reads the configuration again, SIGUSR1 asks for a run, SIGTERM and
// SIGINT end it within 10 s. It owns the process while it lasts: signals, and TZ when `timezone` names a zone.
#pragma once

#include <poll.h>

#include <filesystem>
#include <functional>
#include <span>

#include "config/config.h"
#include "config/load.h"
#include "daemon/model/clock.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/observer.h"

namespace ucaas_sync::service {

struct Options {
  std::filesystem::path config_file;
  config::Environment environment;
  const Clock& clock;
  Observer& log;  ///< Called by one thread at a time.
  /// Lets the log do as a configuration says, at the start and when another one is taken.
  std::function<void(const config::LogConfig&)> set_log;
  /// Waits until a descriptor is ready or `longest` is over; `running`: a run is under way on another thread. Where
  /// there is none it is poll(2). Whoever brings another clock lets its time pass here, and in `pause`, which a run
  /// calls.
  std::function<void(std::span<pollfd> descriptors, Duration longest, bool running)> wait = {};
  std::function<void(Duration)> pause = {};
};

/// Serves until a signal ends it (0). Throws Failure for what keeps it from beginning: a bad configuration, a state of
/// another account or one that cannot be used.
ExitCode Serve(const Options& options);

}  // namespace ucaas_sync::service
