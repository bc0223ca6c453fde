#include "daemon/service/sight.h"

#include <algorithm>
#include <chrono>

#include "connectors/bytes/checksum.h"
#include "connectors/bytes/file_stream.h"
#include "connectors/sources.h"
#include "daemon/model/problem.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::service {
namespace {

void AddIfThere(const std::string& path, std::vector<FileIdentity>& files) {
  try {
    files.push_back(bytes::Identify(path));
  } catch (const SourceFailure&) {
    // Not there is a thing to be seen too: the list is shorter.
    return;
  }
}

}  // namespace

Sight LookAtSources(const config::Config& config) {
  Sight sight;
  for (const config::SourceConfig& source : config.sources) {
    SourceFiles found = LookForFiles(source);
    SourceSight& seen = sight.sources.emplace_back();
    if (found.problem) seen.problem = found.problem->ToString();
    if (!found.problem && found.files.empty()) sight.blind = true;
    for (const FileIdentity& file : found.files) {
      const Instant written{std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(file.mtime_ns))};
      seen.written_at = std::max(seen.written_at.value_or(written), written);
      // A run that begins then must find it so: it may still be as old as `max_age` says.
      if (source.max_age) sight.stale_at.push_back(written + *source.max_age + Duration(1));
      AddIfThere(file.path + std::string(bytes::kChecksumEnding), seen.files);
    }
    seen.files.insert(seen.files.end(), found.files.begin(), found.files.end());
  }
  return sight;
}

std::vector<FileIdentity> LookAtState(const std::filesystem::path& state_dir) {
  std::vector<FileIdentity> files;
  const std::string path = state::StatePath(state_dir).string();
  AddIfThere(path, files);
  AddIfThere(path + "-wal", files);
  return files;
}

}  // namespace ucaas_sync::service
