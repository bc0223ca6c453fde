// Reads the sources of a run through the mapper into the planner, and says what each read is worth.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "connectors/bytes/settle.h"
#include "daemon/mapping/mapper.h"
#include "daemon/model/entity.h"
#include "daemon/model/observer.h"
#include "daemon/model/source.h"
#include "daemon/model/store.h"
#include "daemon/plan/planner.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/program.h"

namespace ucaas_sync::run {

struct ReadResult {
  std::vector<Snapshot> snapshots;         ///< By index of the configuration; a source that no rule needs stays empty.
  std::vector<plan::SourceState> states;   ///< Point into `snapshots`.
  std::vector<SnapshotHistory> histories;  ///< Of those that nobody has a problem with, for the next run's guards.
  std::vector<Warning> warnings;           ///< Optional sources that are set aside, and why.
};

/// A pattern's newest file (the first of `files`) that is older than the one that was used last: somebody took the new
/// one away. Nothing when it may be read.
std::optional<Problem> OlderThanBefore(const config::SourceConfig& source, const std::vector<FileIdentity>& files,
                                       const StateView& state);

/// How long a file that is being written is waited for; what is said of it goes to the log.
bytes::Patience PatienceOf(const Context& context);

/// Reads every needed source once. `paths` replaces the path of a source by name (--source). Throws SourceFailure when
/// a required source is missing, incomplete or unusable: nothing may then be planned. Throws Failure (kUnavailable)
/// when it was stopped by a signal meanwhile.
ReadResult ReadSources(Program& program, const std::map<std::string, std::filesystem::path>& paths,
                       const StateView& state, EntitySink& sink, Instant now, Observer& observer,
                       const bytes::Patience& patience = {}, Trace* trace = nullptr);

}  // namespace ucaas_sync::run
