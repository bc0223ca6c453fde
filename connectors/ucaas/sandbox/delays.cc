#include "connectors/ucaas/sandbox/delays.h"

#include <microhttpd.h>

namespace ucaas_sync::sandbox {

Delays::Delays() : thread_([this] { Run(); }) {}

Delays::~Delays() {
  Stop();
  thread_.join();
}

bool Delays::Suspend(MHD_Connection* connection, std::chrono::milliseconds delay) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  MHD_suspend_connection(connection);
  waiting_.emplace(std::chrono::steady_clock::now() + delay, connection);
  changed_.notify_one();
  return true;
}

void Delays::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& [time, connection] : waiting_) MHD_resume_connection(connection);
  waiting_.clear();
  changed_.notify_one();
}

bool Delays::stopped() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Delays::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Time next = waiting_.begin()->first;
    if (std::chrono::steady_clock::now() < next) {
      changed_.wait_until(lock, next);
      continue;
    }
    MHD_resume_connection(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
  }
}

}  // namespace ucaas_sync::sandbox
