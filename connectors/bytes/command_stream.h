// The output of a program as a byte stream: `command: [gpg, --decrypt, "{file}"]`. The program is run without a shell
// and without a terminal, with an empty standard input (or the text it is given), no descriptor of ours and in a
// process group of its own; its stderr is kept for the error message. The stream owns the process: it is waited for at
// the end, and ended with its group when the stream goes earlier. Used by one thread, which must not end before the
// stream does. A program that cannot be started throws SourceFailure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connectors/bytes/unique_fd.h"
#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

/// `command` with every "{file}" in its arguments replaced by `file`.
std::vector<std::string> ExpandCommand(std::span<const std::string> command, const std::string& file);

class CommandStream : public ByteStream {
 public:
  /// How long a program may go on after it has closed its output, before it is killed and called failed.
  static constexpr std::chrono::milliseconds kLinger{30'000};
  /// How much of its stderr is kept.
  static constexpr std::size_t kKeptStderr = 4096;

  /// How often `stop` is asked while nothing comes.
  static constexpr std::chrono::milliseconds kLookForStop{200};
  /// How long a program that is told to end has for it, before it and its group are killed.
  static constexpr std::chrono::milliseconds kGrace{1'000};

  struct Options {
    std::chrono::milliseconds linger = kLinger;
    std::string input = {};                                 ///< What it reads from its standard input.
    std::optional<std::chrono::milliseconds> limit = {};    ///< So long it may run in all; nothing: without end.
    std::optional<std::chrono::milliseconds> silence = {};  ///< So long it may write nothing while it is read.
    std::function<bool()> stop = {};  ///< True: the program is ended, and Failure (kUnavailable) thrown. May be empty.
    std::chrono::milliseconds grace = kGrace;
  };
  /// Starts `command` (not empty); a program without a slash is looked for in $PATH.
  explicit CommandStream(std::vector<std::string> command) : CommandStream(std::move(command), Options()) {}
  CommandStream(std::vector<std::string> command, Options options);
  CommandStream(const CommandStream&) = delete;
  CommandStream& operator=(const CommandStream&) = delete;
  ~CommandStream() override;

  std::size_t Read(std::span<char> buffer) override;
  /// Waits for the program, as long as `linger`. An exit status other than 0, or a signal, makes what was read
  /// incomplete; the problem quotes the end of its stderr.
  std::optional<Problem> Finish() override;
  const std::string& location() const override { return location_; }

 private:
  using SteadyClock = std::chrono::steady_clock;

  void LookForStop();
  /// For poll(2). Ends the program and throws when its time is over, or it has been silent too long.
  int PatienceSince(SteadyClock::time_point asked_at);
  void KeepStderr();
  void End();
  Problem Failed(std::string what) const;

  std::vector<std::string> command_;
  std::string location_;
  Options options_;
  std::optional<SteadyClock::time_point> deadline_;
  pid_t process_ = -1;  // -1 when it has been waited for
  UniqueFd output_;
  UniqueFd error_;
  std::string stderr_;  // the last kKeptStderr bytes
};

}  // namespace ucaas_sync::bytes
