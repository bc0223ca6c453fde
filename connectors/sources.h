// From the configuration of a source to the source: which files, through which command, read by which reader, and
// whether what came is old or short.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "connectors/bytes/settle.h"
#include "daemon/model/source.h"
#include "daemon/model/time.h"

namespace ucaas_sync {

/// The files that a read would now open, without opening them.
struct SourceFiles {
  /// In the order of reading. Empty for a command without "{file}": only running it can tell.
  std::vector<FileIdentity> files;
  std::optional<Problem> problem;  ///< Why there are none: missing, not readable, nothing matches.
};
SourceFiles LookForFiles(const config::SourceConfig& config);

/// Of `files` the first that is older than `max_age` at `now`, and what to do; nothing when all are young enough.
std::optional<Problem> TooOld(const config::SourceConfig& config, const std::vector<FileIdentity>& files, Instant now);

/// The source that `config` describes. Nothing is opened before Read; what is missing then, older than `max_age` at
/// `now`, or has fewer than `min_records` records (rejected ones counted) is incomplete. With `pick: all` the files are
/// read one after another as one source: CSV headings must name the same columns, and the snapshot's hash is that of
/// the files' hashes. A file that was written just now is waited for as `patience` says; one whose content does not fit
/// the checksum beside it ("FILE.sha256", optional) is incomplete, and so is a command that writes nothing for ten
/// minutes. A stop that `patience` tells of while a file or a command is waited for throws Failure (kUnavailable): it
/// says nothing of the source.
std::unique_ptr<Source> MakeSource(const config::SourceConfig& config, Instant now, bytes::Patience patience = {});

}  // namespace ucaas_sync
