#include "daemon/service/herald.h"

#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "connectors/notify/mail.h"
#include "daemon/model/text.h"

namespace ucaas_sync::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLimit = seconds(10);
constexpr std::array<milliseconds, 2> kPauses{seconds(1), seconds(5)};
// Each is a change of state: more than a few at once is a listener that is gone.
constexpr std::size_t kMostErrands = 20;

}  // namespace

Herald::Herald(Observer& observer) : observer_(observer), thread_([this] { Work(); }) {}

void Herald::WindUp() {
  constexpr milliseconds kMostToEnd = seconds(2);
  const std::lock_guard lock(mutex_);
  if (!give_up_at_) give_up_at_ = std::chrono::steady_clock::now() + kMostToEnd;
}

Herald::~Herald() {
  WindUp();
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, *give_up_at_, [this] { return errands_.empty() && !is_busy_; });
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Herald::Send(const config::NotifyConfig& config, notify::Notice notice) {
  if (config.webhook.empty() && config.command.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (errands_.size() >= kMostErrands) errands_.pop_front();
    errands_.push_back({.config = config, .notice = std::move(notice)});
  }
  changed_.notify_all();
}

void Herald::Work() {
  for (;;) {
    std::optional<Errand> errand;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !errands_.empty(); });
      if (stop_) return;
      errand = std::move(errands_.front());
      errands_.pop_front();
      is_busy_ = true;
    }
    Do(*errand);
    {
      const std::lock_guard lock(mutex_);
      is_busy_ = false;
    }
    changed_.notify_all();
  }
}

bool Herald::Wait(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stop_.load(); });
}

void Herald::Do(const Errand& errand) {
  if (!errand.config.webhook.empty()) {
    auto why = notify::PostNotice(errand.config.webhook, errand.notice, kLimit, stop_);
    for (const milliseconds pause : kPauses) {
      if (!why || !Wait(pause)) break;
      why = notify::PostNotice(errand.config.webhook, errand.notice, kLimit, stop_);
    }
    if (why) Complain("notify.webhook", *why);
  }
  if (errand.config.command.empty() || stop_) return;
  std::vector<std::string> command;
  for (const config::Text& word : errand.config.command) command.push_back(word.value);
  if (const auto why = notify::HandTo(command, errand.notice, kLimit, stop_)) Complain("notify.command", *why);
}

void Herald::Complain(const std::string& way, const std::string& why) {
  observer_.OnEvent(
      {.id = EventId::kNoticeNotSent, .text = way + ": a notice could not be sent, and is dropped: " + Printable(why)});
}

}  // namespace ucaas_sync::service
