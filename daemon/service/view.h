// What the service is doing and how it stands, for whoever asks from another thread: pages, probes, metrics.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/exit_code.h"
#include "daemon/model/store.h"
#include "daemon/model/time.h"

namespace ucaas_sync::service {

struct View {
  bool running = false;  ///< A run is under way.
  std::string phase;     ///< Of the run: "read hr"; empty when there is none to tell.
  std::uint64_t done = 0;
  std::uint64_t of = 0;
  std::optional<ExitCode> outcome;  ///< Of the last run that ended; nothing before the first, or when it was cut off.
  std::string last_run;             ///< Its id.
  std::string message;              ///< Why it ended so.
  std::optional<Instant> last_end;  ///< When.
  std::optional<Instant> last_success;     ///< When a run last ended 0 or 4 and left nothing to the next.
  std::uint64_t left = 0;                  ///< Operations that the last run left.
  std::uint32_t failures = 0;              ///< Runs that failed in a row.
  std::optional<Instant> next_look;        ///< While what failed rests: when it is tried again.
  std::string next_why;                    ///< "every", "due", "retry", "hours", …
  std::optional<Instant> target_answered;  ///< When the target last replied, since the service began.
  std::optional<Instant> target_failed;    ///< When it last did not, or told of a failure of its own.
  bool stopping = false;

  /// The last run ended 0 or 4.
  bool is_ready() const { return outcome == ExitCode::kConverged || outcome == ExitCode::kPartial; }
  /// The last run failed, and is tried again at next_look.
  bool is_resting() const { return failures > 0 && next_why == "retry"; }
};

/// How things stand by the last runs, newest first, before one of this service has ended; not by one person's.
void Recall(const std::vector<RunRecord>& runs, View& view);

/// A run by somebody else that ended well since the service's own last one, and was for everybody: how things stand
/// now. False, and nothing becomes of it, when there is none.
bool RecallOther(const std::vector<RunRecord>& runs, View& view);

/// Of the last runs, newest first: when one last began that something came of, so that it made use of its opening. When
/// nothing came of any, a moment before the oldest; nothing where there are none.
std::optional<Instant> LastUse(const std::vector<RunRecord>& runs);

/// One line for systemctl status.
std::string Describe(const View& view);

/// Thread-safe.
class SharedView {
 public:
  View Get() const {
    const std::lock_guard lock(mutex_);
    return view_;
  }
  void Set(View view) {
    const std::lock_guard lock(mutex_);
    view_ = std::move(view);
  }

 private:
  mutable std::mutex mutex_;
  View view_;
};

}  // namespace ucaas_sync::service
