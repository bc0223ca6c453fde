#include "daemon/service/schedule.h"

#include <algorithm>

namespace ucaas_sync::service {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A file must look the same twice, this far apart.
constexpr Duration kSettle = seconds(2);
// One that never comes to rest is read in the end: the reader then says what is wrong with it.
constexpr Duration kMostMoving = minutes(5);
// The wall clock may be set while we wait by the other one.
constexpr Duration kLongestWait = hours(1);

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

Schedule::Schedule(const config::ScheduleConfig& config, const std::string& zone, std::optional<Instant> last_run,
                   Moment now)
    : config_(config), hours_(config.at, zone), seen_(last_run.value_or(now.wall)), run_began_(seen_) {}

void Schedule::Reconfigure(const config::ScheduleConfig& config, const std::string& zone) {
  config_ = config;
  hours_ = OpeningHours(config.at, zone);
  looked_.reset();
}

void Schedule::Stir(Moment now) {
  // Not at once: what stirred once mostly stirs again, and each look costs a stat for every file.
  constexpr Duration kSoon{100};
  if (!look_again_) look_again_ = now.ticks + kSoon;
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
  if (rests_until_) {
    sooner(*rests_until_, "retry");
  } else if (due_at_) {
    const Monotonic due = now.ticks + (*due_at_ - now.wall);
    sooner(due_not_before_ ? std::max(due, *due_not_before_) : due, "due");
  }
  if (!hours_.IsOpen(now.wall, seen_)) {
    if (const auto opening = hours_.NextOpening(now.wall)) {
      const Monotonic opens = now.ticks + (*opening - now.wall);
      if (at < opens) {
        at = opens;
        why = "hours";
      }
    }
  }
  return {.after = std::min(Until(at, now.ticks), kLongestWait), .why = why};
}

std::optional<Trigger> Schedule::Judge(Moment now, const Look& look) {
  // Set back by more than a day, the clock was wrong before: moments of that future count for nothing.
  if (seen_ > now.wall + hours(24)) seen_ = now.wall;
  due_at_ = look.due_at;
  look_again_.reset();
  looked_ = now.ticks;
  const bool is_open = hours_.IsOpen(now.wall, seen_);
  const auto reason = is_open || asked_ ? Reason(now, look) : std::nullopt;
  if (reason) {
    asked_ = false;
    started_ = true;
    moving_since_.reset();
    run_began_ = now.wall;
    last_trigger_ = *reason;
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
  // Another file may be the one that heals.
  if (is_resting && !(look.changed && last_code_ == ExitCode::kSource)) return std::nullopt;
  if (!started_) return Trigger::kStart;
  if (look.changed && !look.at_rest) {
    if (!moving_since_) moving_since_ = now.ticks;
    if (now.ticks - *moving_since_ < kMostMoving) {
      look_again_ = now.ticks + kSettle;
      return std::nullopt;
    }
  }
  if (look.changed) return Trigger::kChange;
  if (failures_ > 0) return Trigger::kRetry;
  const bool may_be_due = !due_not_before_ || *due_not_before_ <= now.ticks;
  if (may_be_due && look.due_at && *look.due_at <= now.wall) return Trigger::kDue;
  if (look.blind && (!last_end_ || now.ticks - *last_end_ >= config_.every)) return Trigger::kSchedule;
  return std::nullopt;
}

void Schedule::RunEnded(Moment now, ExitCode code) {
  last_end_ = now.ticks;
  // What happened meanwhile is seen by a look, not remembered.
  look_again_ = now.ticks;
  last_code_ = code;
  rests_until_.reset();
  due_not_before_.reset();
  const Rest rest = RestAfter(code);
  if (rest.first > Duration(0)) {
    rests_until_ = now.ticks + Doubled(rest.first, std::max(rest.longest, config_.every), failures_);
    ++failures_;
    due_in_a_row_ = 0;
    return;
  }
  failures_ = 0;
  seen_ = std::max(seen_, run_began_);
  // A run that leaves more to do at once is followed by the next, but not in a tight circle.
  constexpr Duration kBreath = seconds(10);
  constexpr std::uint32_t kQuickOnes = 3;
  due_in_a_row_ = last_trigger_ == Trigger::kDue ? due_in_a_row_ + 1 : 0;
  const std::uint32_t beyond = due_in_a_row_ > kQuickOnes ? due_in_a_row_ - kQuickOnes : 0;
  due_not_before_ = now.ticks + Doubled(kBreath, std::max(config_.every, kBreath), beyond);
}

}  // namespace ucaas_sync::service
