#include "connectors/bytes/settle.h"

#include <algorithm>
#include <chrono>

#include "connectors/bytes/file_stream.h"
#include "connectors/bytes/source_problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::bytes {
namespace {

constexpr Duration kStep{200};

std::optional<FileIdentity> Look(const std::string& path) {
  try {
    return Identify(path);
  } catch (const SourceFailure&) {
    return std::nullopt;  // opening it will say why, in the words of a file that cannot be read
  }
}

Duration AgeOf(const FileIdentity& file, Instant now) {
  return now - Instant{std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(file.mtime_ns))};
}

/// One file, watched until it was left alone long enough.
class Watch {
 public:
  Watch(FileIdentity file, const Patience& patience, Monotonic give_up)
      : first_(file), last_(std::move(file)), patience_(patience), give_up_(give_up) {}

  std::optional<Problem> Wait() {
    const Duration age = AgeOf(last_, patience_.clock->Now());
    if (age >= patience_.quiet) return std::nullopt;
    Monotonic rests_since = patience_.clock->Ticks() - std::max(age, Duration::zero());
    if (patience_.tell) {
      patience_.tell(last_.path + " was written just now; waiting until it was left alone for " +
                     FormatDuration(patience_.quiet));
    }
    for (;;) {
      const Monotonic ticks = patience_.clock->Ticks();
      if (ticks - rests_since >= patience_.quiet) return std::nullopt;
      if (ticks >= give_up_) return StillWritten();
      if (patience_.stop && patience_.stop()) return Stopped();
      const auto left = std::chrono::ceil<Duration>(patience_.quiet - (ticks - rests_since));
      patience_.pause(std::min(kStep, std::max(left, Duration{1})));
      const auto now = Look(last_.path);
      if (!now) return std::nullopt;
      if (*now == last_) continue;
      last_ = *now;
      rests_since = patience_.clock->Ticks();
    }
  }

 private:
  Problem StillWritten() const {
    std::string how = "it changes again and again";
    if (last_.size != first_.size) {
      how = "it " + std::string(last_.size > first_.size ? "grew" : "shrank") + " from " + WithThousands(first_.size) +
            " to " + WithThousands(last_.size) + " bytes meanwhile";
    }
    return ProblemAt(
        last_.path, 0, 0,
        "the file is still being written: " + how + ", and was waited for " + FormatDuration(patience_.bound),
        "run again when the export has finished; better, let the export write another name and rename "
        "it at the end");
  }

  Problem Stopped() const {
    return ProblemAt(last_.path, 0, 0, "the file is still being written, and the program was asked to stop", {});
  }

  const FileIdentity first_;
  FileIdentity last_;
  const Patience& patience_;
  const Monotonic give_up_;
};

}  // namespace

std::optional<Problem> WaitUntilSettled(const std::vector<std::string>& paths, const Patience& patience) {
  if (!patience.pause || patience.clock == nullptr) return std::nullopt;
  const Monotonic give_up = patience.clock->Ticks() + patience.bound;
  for (const std::string& path : paths) {
    const auto file = Look(path);
    if (!file) continue;
    if (auto problem = Watch(*file, patience, give_up).Wait()) return problem;
  }
  return std::nullopt;
}

}  // namespace ucaas_sync::bytes
