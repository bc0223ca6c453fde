// When to look at the sources, and whether what is seen asks for a run: `schedule` of the configuration, due times, and
// the rest that a failing source or target is given. Pure: time and what was seen come in. Single-threaded; never
// fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/model/clock.h"
#include "daemon/model/exit_code.h"
#include "daemon/service/opening_hours.h"

namespace ucaas_sync::service {

/// The same moment on both clocks: dates and due times go by the wall, waiting goes by the one that never jumps.
struct Moment {
  Instant wall;
  Monotonic ticks;
};

/// Why a run begins; the word is in the run's record.
enum class Trigger : std::uint8_t { kStart, kChange, kDue, kRetry, kRequest, kSchedule };
std::string_view Word(Trigger trigger);
/// Whether a run's record has such a word: it was the service's.
bool IsTrigger(std::string_view word);

/// What a look at the files and at the state showed, compared with what the last run saw.
struct Look {
  bool changed = false;
  bool at_rest = true;            ///< Nothing was written between this look and the one before it.
  bool blind = false;             ///< A source can only be asked, not looked at.
  std::optional<Instant> due_at;  ///< By the state, the same files give another plan from then on: a person's wish too.
  std::vector<Instant> stale_at;  ///< From when on each file is too old, or has long been.
};

/// What a run leaves to the next one.
struct Left {
  std::uint64_t unfinished = 0;  ///< Operations.
  bool is_asked = false;         ///< A person may have wished something after its plan was made.
};

class Schedule {
 public:
  /// `last_run`: when a run last began that something came of, by the state.
  Schedule(const config::ScheduleConfig& config, const std::string& zone, std::optional<Instant> last_run, Moment now);
  /// A new configuration: a person has acted, so what failed is tried at once, and rests as after its first failure.
  void Reconfigure(const config::ScheduleConfig& config, const std::string& zone);

  /// A person wants a run now, whatever the hour.
  void Ask() { asked_ = true; }
  /// Something stirred where the files are.
  void Stir(Moment now);

  struct Wake {
    Duration after{0};  ///< From now on; 0: at once.
    std::string_view why;
  };
  /// To be called each time before NextLook: a clock that was set back by more than a day was wrong before, and moments
  /// of that future count for nothing.
  void HeedClock(Moment now);
  /// When to look next.
  Wake NextLook(Moment now) const;
  /// When something can come of a look: while what failed rests, most looks begin no run.
  Wake NextAttempt(Moment now) const;
  /// Whether the look of this moment asks for a run, and why.
  std::optional<Trigger> Judge(Moment now, const Look& look);
  /// The run that Judge asked for has ended.
  void RunEnded(Moment now, ExitCode code, Left left = {});
  /// Somebody else's run has just ended well: what failed here rests but a moment longer, and then as after its first
  /// failure.
  void Mended(Moment now);

  /// Runs that failed since the last one that did not.
  std::uint32_t failures() const { return failures_; }

 private:
  std::optional<Trigger> Reason(Moment now, const Look& look);
  /// Whether the last run has not tried what is due from `due` on.
  bool IsNew(Instant due) const { return due > last_end_wall_ || is_asked_; }
  /// When what is due by the last look is done, unless something fails.
  std::optional<Monotonic> DueIsDoneAt(Moment now) const;
  /// When, during a rest, what is new by the last look is tried; nothing when nothing is.
  std::optional<Monotonic> NewIsTriedAt(Moment now) const;
  Wake NotBeforeHours(Moment now, Wake wake) const;

  config::ScheduleConfig config_;
  OpeningHours hours_;
  bool asked_ = false;
  bool started_ = false;
  Instant seen_;       // when an opening was last made use of, by the wall
  Instant run_began_;  // by the wall
  std::optional<Monotonic> looked_;
  std::optional<Monotonic> look_again_;    // sooner than `every`: something stirred, or is not at rest
  std::optional<Monotonic> moving_since_;  // not at rest since then
  Look last_look_;
  std::optional<Monotonic> rests_until_;     // after a failure
  std::optional<Monotonic> opens_at_;        // within that rest: from then on what is new is tried
  std::optional<Monotonic> new_not_before_;  // after a run that did not fail: what fell due since, or a person wished
  std::optional<Monotonic> due_not_before_;  // and what it left to do
  std::optional<Monotonic> last_end_;
  Instant last_end_wall_;
  bool is_asked_ = false;  // while the last run was under way
  std::uint32_t failures_ = 0;
  std::uint32_t rests_in_a_row_ = 0;
  std::uint32_t due_in_a_row_ = 0;
  bool was_due_at_once_ = false;  // the last run did what the one before it had left
};

}  // namespace ucaas_sync::service
