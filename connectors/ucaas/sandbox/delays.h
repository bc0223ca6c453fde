// Wakes suspended connections when their time has come. One thread of its own; Add and Stop from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

struct MHD_Connection;

namespace ucaas_sync::sandbox {

class Delays {
 public:
  Delays();
  ~Delays();
  Delays(const Delays&) = delete;
  Delays& operator=(const Delays&) = delete;

  /// Suspends the connection, to be resumed after `delay`. False, and nothing done, after Stop.
  bool Suspend(MHD_Connection* connection, std::chrono::milliseconds delay);
  /// Resumes all of them now; from then on nothing is suspended.
  void Stop();
  bool stopped();

 private:
  using Time = std::chrono::steady_clock::time_point;
  void Run();

  std::mutex mutex_;
  // Protected by mutex_.
  std::multimap<Time, MHD_Connection*> waiting_;
  bool stopping_ = false;

  std::condition_variable changed_;
  std::thread thread_;  // Last, so that it sees the rest whole.
};

}  // namespace ucaas_sync::sandbox
