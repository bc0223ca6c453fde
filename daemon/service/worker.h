// One run at a time, on a thread of its own, so that the loop keeps turning meanwhile. The work must not throw. The
// destructor waits for what is under way. Used by one thread.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "connectors/bytes/unique_fd.h"
#include "daemon/service/run_report.h"

namespace ucaas_sync::service {

class Worker {
 public:
  /// Throws std::system_error when the system has no descriptors left.
  Worker();
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Nothing may be under way.
  void Start(std::function<RunReport()> work);
  bool running() const { return thread_.joinable(); }
  /// Becomes readable when the work is done.
  int descriptor() const { return done_.get(); }
  /// What came of it, once; nothing while it is under way.
  std::optional<RunReport> Take();

 private:
  bytes::UniqueFd done_;
  std::thread thread_;
  RunReport report_;  // written by the thread before it says that it is done
};

}  // namespace ucaas_sync::service
