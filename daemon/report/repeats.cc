#include "daemon/report/repeats.h"

#include <utility>

namespace ucaas_sync::report {

bool Repeats::Admit(EventId event, Monotonic now) {
  const auto [at, is_first] = windows_.try_emplace(event, Window{.began = now});
  Window& window = at->second;
  if (now - window.began >= kWindow && window.left_out == 0) window = {.began = now};
  if (window.written < kMost) {
    ++window.written;
    return true;
  }
  ++window.left_out;
  return false;
}

std::vector<Repeats::LeftOut> Repeats::Over(Monotonic now) {
  std::vector<LeftOut> over;
  for (auto& [event, window] : windows_) {
    if (window.left_out == 0 || now - window.began < kWindow) continue;
    over.push_back({.event = event, .count = std::exchange(window.left_out, 0)});
  }
  return over;
}

std::vector<Repeats::LeftOut> Repeats::All() {
  std::vector<LeftOut> all;
  for (auto& [event, window] : windows_) {
    if (window.left_out > 0) all.push_back({.event = event, .count = std::exchange(window.left_out, 0)});
  }
  return all;
}

}  // namespace ucaas_sync::report
