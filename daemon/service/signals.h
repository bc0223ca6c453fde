// Signals as something to read: they are blocked for the whole process (threads inherit that), and come in order.
// One object a process, made before the first thread. Throws std::system_error.
#pragma once

#include <vector>

#include "connectors/bytes/unique_fd.h"

namespace ucaas_sync::service {

class Signals {
 public:
  explicit Signals(const std::vector<int>& signals);
  int descriptor() const { return fd_.get(); }
  /// What has come since, in order.
  std::vector<int> Take();

 private:
  bytes::UniqueFd fd_;
};

}  // namespace ucaas_sync::service
