// Errors for people: what happened, where, and what to do about it.
// A Problem is a value (one record, one key of the configuration); a Failure is the exception that ends a run, thrown
// with its context and caught once, in the command.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/model/exit_code.h"

namespace ucaas_sync {

/// A place in a file: lines and columns count from 1, columns in characters; 0 is "not known".
struct Location {
  std::string file;
  std::uint64_t line = 0;
  std::uint64_t column = 0;

  /// "FILE:LINE:COL", without the parts that are not known.
  std::string ToString() const;
  friend bool operator==(const Location&, const Location&) = default;
};

struct Problem {
  Location at;
  std::string what;    ///< What is wrong, in the reader's words; no final full stop.
  std::string remedy;  ///< What to do or to write instead; may be empty.

  /// "FILE:LINE:COL: what; remedy"
  std::string ToString() const;
};

/// What ends a run or a command. The message is complete: it says what happened, where, and what to do.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Failure(ExitCode code, const Problem& problem) : Failure(code, problem.ToString()) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A source cannot be read at all, or read no further (exit 5).
class SourceFailure : public Failure {
 public:
  explicit SourceFailure(Problem problem) : Failure(ExitCode::kSource, problem), problem_(std::move(problem)) {}
  /// The same in parts, for Snapshot::incomplete.
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

/// The state is damaged, newer than this program, unwritable, or bound to another account.
class StateFailure : public Failure {
 public:
  using Failure::Failure;
};

/// The target refuses us (kRefused) or cannot be reached (kUnavailable).
class TargetFailure : public Failure {
 public:
  using Failure::Failure;
};

}  // namespace ucaas_sync
