#include "daemon/service/worker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace ucaas_sync::service {

Worker::Worker() : done_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!done_.is_open()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Worker::~Worker() {
  if (thread_.joinable()) thread_.join();
}

void Worker::Start(std::function<RunReport()> work) {
  thread_ = std::thread([this, work = std::move(work)] {
    report_ = work();
    // Cannot fail: the counter is far from full.
    eventfd_write(done_.get(), 1);
  });
}

std::optional<RunReport> Worker::Take() {
  eventfd_t count = 0;
  if (!running() || eventfd_read(done_.get(), &count) != 0) return std::nullopt;
  thread_.join();
  return std::move(report_);
}

}  // namespace ucaas_sync::service
