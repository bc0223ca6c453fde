// Sends notices from a thread of its own, so that a listener that is slow or gone costs no run anything. What cannot be
// sent after some attempts is an event, and forgotten. Thread-safe; the destructor waits for what is to be sent until
// two seconds after WindUp at most, or after its own beginning when that was not called; then it is cut off.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "config/config.h"
#include "connectors/notify/notice.h"
#include "connectors/notify/webhook.h"
#include "daemon/model/observer.h"

namespace ucaas_sync::service {

class Herald {
 public:
  /// `observer` is called by the thread, and must outlive it.
  explicit Herald(Observer& observer);
  ~Herald();
  Herald(const Herald&) = delete;
  Herald& operator=(const Herald&) = delete;

  /// As `config` says at this moment.
  void Send(const config::NotifyConfig& config, notify::Notice notice);
  /// The end is near.
  void WindUp();

 private:
  struct Errand {
    config::NotifyConfig config;
    notify::Notice notice;
  };
  void Work();
  void Do(const Errand& errand);
  /// False when it is time to stop.
  bool Wait(std::chrono::milliseconds time);
  void Complain(const std::string& way, const std::string& why);

  Observer& observer_;
  notify::WebhookLibrary library_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Errand> errands_;
  bool is_busy_ = false;
  std::optional<std::chrono::steady_clock::time_point> give_up_at_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace ucaas_sync::service
