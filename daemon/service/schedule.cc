#include "daemon/service/schedule.h"

#include <algorithm>
#include <array>

namespace ucaas_sync::service {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A file must look the same twice, this far apart.
constexpr Duration kSettle = seconds(2);
// One that never comes to rest is read in the end: the reader then says what is wrong with it.
constexpr Duration kMostMoving = minutes(5);

struct Rest {
  Duration first;
  Duration longest;
};

/// How long to leave a failing source or target alone.
Rest RestAfter(ExitCode code) {
  switch (code) {
    case ExitCode::kBusy:
      return {.first = seconds(10), .longest = minutes(5)};
    case ExitCode::kUnavailable:
    case ExitCode::kError:
      return {.first = minutes(1), .longest = minutes(30)};
    case ExitCode::kSource:
    case ExitCode::kRefused:  // wrong keys that are shown too often lock an account
    case ExitCode::kConfig:
      return {.first = minutes(5), .longest = hours(1)};
    case ExitCode::kConverged:
    case ExitCode::kChanges:
    case ExitCode::kHeld:
    case ExitCode::kPartial:
    case ExitCode::kStale:
    case ExitCode::kUsage:
      break;
  }
  return {.first = Duration(0), .longest = Duration(0)};
}

/// How soon after such a failure something new is tried, another file or a person's wish; nothing when that cannot mend
/// it.
std::optional<Duration> OpensAfter(ExitCode code) {
  switch (code) {
    case ExitCode::kSource:  // another file may be the one that heals
      return Duration(0);
    case ExitCode::kRefused:
    case ExitCode::kConfig:
      return std::nullopt;
    default:
      // A target may fail for one person alone: others must not wait for longer and longer.
      return RestAfter(code).first;
  }
}

Duration Doubled(Duration first, Duration longest, std::uint32_t times) {
  Duration rest = first;
  for (std::uint32_t i = 0; i < times && rest < longest; ++i) rest *= 2;
  return std::min(rest, longest);
}

Duration Until(Monotonic then, Monotonic now) {
  return std::max(Duration(0), std::chrono::ceil<Duration>(then - now));
}

}  // namespace

std::string_view Word(Trigger trigger) {
  switch (trigger) {
    case Trigger::kStart:
      return "start";
    case Trigger::kChange:
      return "change";
    case Trigger::kDue:
      return "due";
    case Trigger::kRetry:
      return "retry";
    case Trigger::kRequest:
      return "request";
    case Trigger::kSchedule:
      return "schedule";
  }
  return "start";
}

bool IsTrigger(std::string_view word) {
  constexpr std::array kAll{Trigger::kStart, Trigger::kChange,  Trigger::kDue,
                            Trigger::kRetry, Trigger::kRequest, Trigger::kSchedule};
  return std::any_of(kAll.begin(), kAll.end(), [word](Trigger trigger) { return Word(trigger) == word; });
}

Schedule::Schedule(const config::ScheduleConfig& config, const std::string& zone, std::optional<Instant> last_run,
                   Moment now)
    : config_(config), hours_(config.at, zone), seen_(last_run.value_or(now.wall)), run_began_(seen_) {}

void Schedule::Reconfigure(const config::ScheduleConfig& config, const std::string& zone) {
  config_ = config;
  hours_ = OpeningHours(config.at, zone);
  looked_.reset();
  rests_until_.reset();
  new_not_before_.reset();
  due_not_before_.reset();
  rests_in_a_row_ = due_in_a_row_ = 0;
}

void Schedule::Stir(Moment now) {
  // Not at once: what stirred once mostly stirs again, and each look costs a stat for every file.
  constexpr Duration kSoon{100};
  if (!look_again_) look_again_ = now.ticks + kSoon;
}

std::optional<Monotonic> Schedule::DueIsDoneAt(Moment now) const {
  std::optional<Monotonic> at;
  const auto consider = [&](Instant due) {
    const std::optional<Monotonic>& opens = IsNew(due) ? new_not_before_ : due_not_before_;
    const Monotonic done = std::max(now.ticks + (due - now.wall), opens.value_or(Monotonic{}));
    at = std::min(at.value_or(done), done);
  };
  if (last_look_.due_at) consider(*last_look_.due_at);
  for (const Instant stale : last_look_.stale_at) {
    // What was too old when the last run began was so for that run, and reading it again mends nothing.
    if (stale > run_began_) consider(stale);
  }
  return at;
}

std::optional<Monotonic> Schedule::NewIsTriedAt(Moment now) const {
  if (!opens_at_) return std::nullopt;
  if (last_look_.changed) return opens_at_;
  if (!last_look_.due_at || !IsNew(*last_look_.due_at)) return std::nullopt;
  return std::max(*opens_at_, now.ticks + (*last_look_.due_at - now.wall));
}

Schedule::Wake Schedule::NotBeforeHours(Moment now, Wake wake) const {
  if (hours_.IsOpen(now.wall, seen_)) return wake;
  const auto opening = hours_.NextOpening(now.wall);
  if (opening && wake.after < *opening - now.wall) return {.after = *opening - now.wall, .why = "hours"};
  return wake;
}

void Schedule::HeedClock(Moment now) {
  if (seen_ > now.wall + hours(24)) seen_ = now.wall;
}

Schedule::Wake Schedule::NextLook(Moment now) const {
  if (asked_) return {.after = Duration(0), .why = "asked"};
  Monotonic at = looked_ ? *looked_ + config_.every : now.ticks;
  std::string_view why = looked_ ? "every" : "start";
  const auto sooner = [&](Monotonic other, std::string_view because) {
    if (other < at) {
      at = other;
      why = because;
    }
  };
  if (look_again_) sooner(*look_again_, "change");
  const bool is_settling = moving_since_ && look_again_;
  if (is_settling) {
    // Whatever else asks for a run waits for the file too.
  } else if (rests_until_) {
    sooner(*rests_until_, "retry");
    if (const auto tried = NewIsTriedAt(now)) sooner(*tried, "retry");
  } else if (const auto done = DueIsDoneAt(now)) {
    sooner(*done, "due");
  }
  return NotBeforeHours(now, {.after = Until(at, now.ticks), .why = why});
}

Schedule::Wake Schedule::NextAttempt(Moment now) const {
  if (asked_ || !rests_until_ || !looked_) return NextLook(now);
  const Monotonic at = std::min(*rests_until_, NewIsTriedAt(now).value_or(*rests_until_));
  return NotBeforeHours(now, {.after = Until(at, now.ticks), .why = "retry"});
}

std::optional<Trigger> Schedule::Judge(Moment now, const Look& look) {
  last_look_ = look;
  look_again_.reset();
  looked_ = now.ticks;
  const bool is_open = hours_.IsOpen(now.wall, seen_);
  const auto reason = is_open || asked_ ? Reason(now, look) : std::nullopt;
  if (reason) {
    asked_ = false;
    started_ = true;
    moving_since_.reset();
    run_began_ = now.wall;
    was_due_at_once_ = *reason == Trigger::kDue && last_end_ && look.due_at && !IsNew(*look.due_at);
  } else if (is_open && !look_again_ && failures_ == 0) {
    // A moment lasts until something came of it: a run that did not fail, or a look that found nothing to do.
    seen_ = std::max(seen_, now.wall);
  }
  return reason;
}

std::optional<Trigger> Schedule::Reason(Moment now, const Look& look) {
  if (asked_) return Trigger::kRequest;
  if (!look.changed) moving_since_.reset();
  const bool is_resting = rests_until_ && now.ticks < *rests_until_;
  const auto new_tried_at = is_resting ? NewIsTriedAt(now) : std::nullopt;
  // NextLook comes back when it is time.
  if (is_resting && (!new_tried_at || now.ticks < *new_tried_at)) return std::nullopt;
  if (!started_) return Trigger::kStart;
  if (look.changed && !look.at_rest) {
    if (!moving_since_) moving_since_ = now.ticks;
    if (now.ticks - *moving_since_ < kMostMoving) {
      look_again_ = now.ticks + kSettle;
      return std::nullopt;
    }
  }
  if (look.changed) return Trigger::kChange;
  if (failures_ > 0) return is_resting ? Trigger::kDue : Trigger::kRetry;
  const auto done = DueIsDoneAt(now);
  if (done && *done <= now.ticks) return Trigger::kDue;
  if (look.blind && (!last_end_ || now.ticks - *last_end_ >= config_.every)) return Trigger::kSchedule;
  return std::nullopt;
}

void Schedule::RunEnded(Moment now, ExitCode code, Left left) {
  last_end_ = now.ticks;
  last_end_wall_ = now.wall;
  is_asked_ = left.is_asked;
  // What happened meanwhile is seen by a look, not remembered.
  look_again_ = now.ticks;
  last_look_ = {};
  rests_until_.reset();
  opens_at_.reset();
  new_not_before_.reset();
  due_not_before_.reset();
  const Rest rest = RestAfter(code);
  if (rest.first > Duration(0)) {
    rests_until_ = now.ticks + Doubled(rest.first, std::max(rest.longest, config_.every), rests_in_a_row_++);
    if (const auto opens_after = OpensAfter(code)) opens_at_ = now.ticks + *opens_after;
    ++failures_;
    due_in_a_row_ = 0;
    return;
  }
  failures_ = rests_in_a_row_ = 0;
  seen_ = std::max(seen_, run_began_);
  // A run that leaves more to do at once is followed by the next, but not in a tight circle. Where operations keep
  // failing each run keeps the whole of its plan in the journal, and mostly waits for a person: the pauses grow as long
  // as a target's. What that person does, and whose date comes, waits for none of them.
  constexpr Duration kBreath = seconds(10);
  constexpr std::uint32_t kQuickOnes = 3;
  const Duration longest = left.unfinished > 0 ? RestAfter(ExitCode::kUnavailable).longest : kBreath;
  due_in_a_row_ = was_due_at_once_ ? due_in_a_row_ + 1 : 0;
  const std::uint32_t beyond = due_in_a_row_ > kQuickOnes ? due_in_a_row_ - kQuickOnes : 0;
  new_not_before_ = now.ticks + kBreath;
  due_not_before_ = now.ticks + Doubled(kBreath, std::max(config_.every, longest), beyond);
}

void Schedule::Mended(Moment now) {
  if (!rests_until_) return;
  rests_in_a_row_ = 0;
  // That run may still be at work, comparing the target with the state.
  rests_until_ = std::min(*rests_until_, now.ticks + RestAfter(ExitCode::kBusy).first);
}

}  // namespace ucaas_sync::service
