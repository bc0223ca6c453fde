#include "daemon/state/run_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/state/support.h"

namespace ucaas_sync::state {

TEST_CASE("a second run is refused as busy, and is told by whom and since when") {
  const TemporaryDirectory dir;
  const RunLock lock = RunLock::Acquire(dir.state(), At(0));
  const Failure failure = FailureOf([&] { RunLock::Acquire(dir.state(), At(60)); });
  CHECK(failure.code() == ExitCode::kBusy);
  CHECK(Says(failure, "process " + std::to_string(::getpid())));
  CHECK(Says(failure, FormatInstant(At(0))));
}

TEST_CASE("the lock is free when its object goes, and can be moved") {
  const TemporaryDirectory dir;
  {
    RunLock first = RunLock::Acquire(dir.state(), At(0));
    const RunLock moved = std::move(first);
    CHECK_THROWS_AS(RunLock::Acquire(dir.state(), At(1)), Failure);
  }
  RunLock::Acquire(dir.state(), At(2));
}

TEST_CASE("whether the lock is held is seen from outside, without taking it") {
  const TemporaryDirectory dir;
  CHECK_FALSE(RunLock::IsHeld(dir.state()));
  {
    const RunLock lock = RunLock::Acquire(dir.state(), At(0));
    CHECK(RunLock::IsHeld(dir.state()));
    CHECK(RunLock::IsHeld(dir.state()));
  }
  CHECK_FALSE(RunLock::IsHeld(dir.state()));
  std::atomic<bool> is_over = false;
  std::thread looker([&] {
    while (!is_over) (void)RunLock::IsHeld(dir.state());
  });
  for (int i = 0; i < 500; ++i) CHECK_NOTHROW(RunLock::Acquire(dir.state(), At(i)));
  is_over = true;
  looker.join();
}

TEST_CASE("kill -9 gives the lock back") {
  const TemporaryDirectory dir;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const RunLock lock = RunLock::Acquire(dir.state(), At(0));
    const ssize_t written = ::write(ready[1], "x", 1);
    ::pause();
    ::_exit(written == 1 ? 0 : 1);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  const Failure failure = FailureOf([&] { RunLock::Acquire(dir.state(), At(1)); });
  CHECK(Says(failure, "process " + std::to_string(child)));
  CHECK(RunLock::IsHeld(dir.state()));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(RunLock::IsHeld(dir.state()));
  RunLock::Acquire(dir.state(), At(2));
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace ucaas_sync::state
