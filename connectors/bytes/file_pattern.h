// File names with * ? [...] in their last part, as in the shell. Stateless; what cannot be listed throws
// SourceFailure.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

/// Whether `path` has any of * ? [ in it.
bool IsPattern(const std::string& path);

/// The regular files that match `pattern` (a leading dot must be written out), by name; checksums beside them
/// (".sha256") only when the pattern ends so. Throws SourceFailure when the
/// folder cannot be read, when the folder part has a wildcard, and when nothing matches.
std::vector<FileIdentity> FilesMatching(const std::string& pattern);

/// The one that was written last; of several with one time the last by name. `files` is not empty.
const FileIdentity& Newest(const std::vector<FileIdentity>& files);

}  // namespace ucaas_sync::bytes
