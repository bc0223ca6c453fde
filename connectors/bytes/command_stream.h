// The output of a program as a byte stream: `command: [gpg, --decrypt, "{file}"]`. The program is run without a shell,
// with an empty standard input (or the text it is given), no descriptor of ours and in a process group of its own; its
// stderr is kept for the error message. The stream owns the process: it is waited for at the end, and killed when the
// stream goes earlier. Single-threaded. A program that cannot be started throws SourceFailure.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
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

  struct Options {
    std::chrono::milliseconds linger = kLinger;
    std::string input = {};                               ///< What it reads from its standard input.
    std::optional<std::chrono::milliseconds> limit = {};  ///< So long it may run in all; nothing: without end.
    const std::atomic<bool>* stop = nullptr;              ///< Killed once it is true; null: nobody stops it.
  };
  /// Starts `command` (not empty); a program without a slash is looked for in $PATH.
  explicit CommandStream(std::vector<std::string> command) : CommandStream(std::move(command), Options()) {}
  CommandStream(std::vector<std::string> command, Options options);
  CommandStream(const CommandStream&) = delete;
  CommandStream& operator=(const CommandStream&) = delete;
  ~CommandStream() override;

  std::size_t Read(std::span<char> buffer) override;
  /// Waits for the program. An exit status other than 0, or a signal, makes what was read incomplete; the problem
  /// quotes the end of its stderr.
  std::optional<Problem> Finish() override;
  const std::string& location() const override { return location_; }

 private:
  void KeepStderr();
  bool IsStopped() const { return stop_ != nullptr && stop_->load(); }
  void Kill();
  Problem Failed(std::string what) const;

  std::vector<std::string> command_;
  std::string location_;
  std::chrono::milliseconds linger_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  const std::atomic<bool>* stop_;
  pid_t process_ = -1;  // -1 when it has been waited for
  UniqueFd output_;
  UniqueFd error_;
  std::string stderr_;  // the last kKeptStderr bytes
};

}  // namespace ucaas_sync::bytes
