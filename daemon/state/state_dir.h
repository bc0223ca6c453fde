// The state's directory: made for us alone, and refused when others could change what lies in it. Thread-safe.
#pragma once

#include <filesystem>

namespace ucaas_sync::state {

/// Makes `dir` (mode 0700) and its parents if it is not there, then checks it. Throws StateFailure.
void EnsureStateDirectory(const std::filesystem::path& dir);

/// False when `dir` does not exist. Throws StateFailure (78) when it is no directory or its group or others may write.
bool CheckStateDirectory(const std::filesystem::path& dir);

/// Makes the names in `dir` durable. Throws StateFailure.
void SyncDirectory(const std::filesystem::path& dir);

}  // namespace ucaas_sync::state
