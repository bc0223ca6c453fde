// Wakes the loop when somebody sets the wall clock, so that it waits for the right moment again. Owns its descriptor;
// where the kernel cannot tell it is -1, and the loop's longest wait carries. Single-threaded.
#pragma once

#include "connectors/bytes/unique_fd.h"

namespace ucaas_sync::service {

class ClockChange {
 public:
  ClockChange();
  /// Readable when the clock was set.
  int descriptor() const { return timer_.get(); }
  /// Takes that notice, and waits for the next.
  void Rearm();

 private:
  bytes::UniqueFd timer_;
};

}  // namespace ucaas_sync::service
