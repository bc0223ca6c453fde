// A small state that has a row in every table, made by the store itself: what the fuzzer then damages.
#pragma once

#include <filesystem>
#include <string>

#include "daemon/model/time.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::fuzz {

/// The files of a state, as bytes.
struct StateBytes {
  std::string file;  ///< In pages of 512 bytes.
  std::string log;   ///< Its write-ahead log, with the last commits; may be empty.
};

/// When everything in the good state happened, and the fuzzed run takes place.
Instant Now();

/// Bound to `account`; made in `dir`, which must not exist and is removed.
StateBytes MakeGoodState(const std::filesystem::path& dir, const state::BoundAccount& account);

}  // namespace ucaas_sync::fuzz
