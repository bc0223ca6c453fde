#include "daemon/commands/signals.h"

#include <csignal>

namespace ucaas_sync::commands {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

void OnStopSignal(int /*signal*/) {
  stop_requested = 1;
}

}  // namespace

void CatchStopSignals() {
  struct sigaction action {};
  action.sa_handler = &OnStopSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void IgnoreBrokenPipes() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  sigemptyset(&action.sa_mask);
  sigaction(SIGPIPE, &action, nullptr);
}

bool StopRequested() {
  return stop_requested != 0;
}

}  // namespace ucaas_sync::commands
