// What a look at the outside shows without opening anything: which files a read would open now, and whether the state
// was written to. Values; what cannot be seen is part of what is seen, never an error.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/model/source.h"
#include "daemon/model/time.h"

namespace ucaas_sync::service {

struct SourceSight {
  std::vector<FileIdentity> files;    ///< With the checksums beside them.
  std::optional<Instant> written_at;  ///< When the newest of them was last written to.
  std::string problem;                ///< Why there are none; empty when there are.
  friend bool operator==(const SourceSight&, const SourceSight&) = default;
};

struct Sight {
  std::vector<SourceSight> sources;  ///< By index of the configuration.
  bool blind = false;                ///< A command without a file: only running it can tell.
  /// From when on each file is older than its source's `max_age`.
  std::vector<Instant> stale_at;
};

Sight LookAtSources(const config::Config& config);

/// The state's file and its log, as far as they are there.
std::vector<FileIdentity> LookAtState(const std::filesystem::path& state_dir);

}  // namespace ucaas_sync::service
