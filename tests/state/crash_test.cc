// Processes that die and processes that meet: what was acknowledged is there, whoever reads it.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

// Runs `work` in a child that reports numbers through a pipe, and kills it with SIGKILL after `kill_after` of them.
// Returns the last number reported before it died.
template <typename Work>
std::uint32_t RunAndKill(std::uint32_t kill_after, Work&& work) {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe_ends[0]);
    work([&](std::uint32_t number) {
      if (::write(pipe_ends[1], &number, sizeof number) != sizeof number) ::_exit(3);
    });
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  std::uint32_t number = 0;
  std::uint32_t last = 0;
  while (::read(pipe_ends[0], &number, sizeof number) == sizeof number) {
    last = number;
    if (number == kill_after) ::kill(child, SIGKILL);
  }
  ::close(pipe_ends[0]);
  ::waitpid(child, nullptr, 0);
  return last;
}

}  // namespace

TEST_CASE("kill -9 between and in commits forgets nothing that was acknowledged") {
  std::mt19937 random(4);
  for (int round = 0; round < 12; ++round) {
    const TemporaryDirectory dir;
    const auto kill_after = static_cast<std::uint32_t>(1 + random() % 60);
    const std::uint32_t acknowledged = RunAndKill(kill_after, [&](const auto& report) {
      const auto store = OpenForTest(dir);
      const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
      std::vector<Operation> creates;
      for (int i = 1; i <= 2'000; ++i) creates.push_back(For(User("E" + std::to_string(i)), Action::kCreate));
      store->StorePlan(run, PlanOf(creates));
      for (std::uint32_t seq = 1; seq <= 2'000; ++seq) {
        store->AdvanceMark(run, seq);
        store->RecordOutcomes(run, std::vector{Done(seq, User("E" + std::to_string(seq)))});
        report(seq);
      }
    });
    REQUIRE(acknowledged >= kill_after);
    const auto store = OpenForTest(dir);
    CAPTURE(acknowledged);
    CHECK(store->Check().empty());
    const std::size_t known = store->CountKnown();
    CHECK(known >= acknowledged);
    for (std::uint32_t seq = 1; seq <= acknowledged; ++seq) {
      REQUIRE(store->Find(Kind::kUser, "E" + std::to_string(seq)));
    }
    // At most the one under the mark is unknown; what is left of the plan is pending.
    CHECK(store->UnknownCreates().size() <= 1);
    CHECK(store->PendingCreates(Kind::kUser).size() == 2'000 - known);
    CHECK_FALSE(store->Runs(1)[0].ended);
  }
}

TEST_CASE("two processes that write in turn lose nothing of each other") {
  const TemporaryDirectory dir;
  OpenForTest(dir);
  std::vector<pid_t> children;
  for (int process = 0; process < 2; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      int code = 0;
      try {
        const auto store = OpenForTest(dir);
        for (int i = 0; i < 200; ++i) {
          store->PutHold({.key = std::to_string(process) + "/" + std::to_string(i), .reason = "", .until = {}});
        }
      } catch (const std::exception&) {
        code = 1;
      }
      ::_exit(code);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(OpenForTest(dir)->Holds(At(0)).size() == 400);
}

TEST_CASE("readers beside a writing process see whole commits only") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("A0"), User("B0")});
  std::size_t seen = 0;
  std::size_t reads = 0;
  RunAndKill(150, [&](const auto& report) {
    const auto store = OpenForTest(dir);
    for (std::uint32_t i = 1; i <= 400; ++i) {
      const std::string number = std::to_string(i);
      RunOf(*store, {User("A" + number), User("B" + number)});
      report(i);
    }
  });
  // After the kill the log is hot: a reader alone must cope with it too.
  const auto reader = OpenForTest(dir, OpenMode::kReadOnly);
  CHECK(reader->CountKnown() >= 302);

  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = OpenForTest(dir);
    for (int i = 0; i < 200; ++i) RunOf(*store, {User("X" + std::to_string(i)), User("Y" + std::to_string(i))});
    ::_exit(0);
  }
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    const auto view = OpenForTest(dir, OpenMode::kReadOnly);
    const std::size_t count = view->CountKnown();
    REQUIRE(count % 2 == 0);
    REQUIRE(count >= seen);
    std::size_t visited = 0;
    view->ForEachKnown([&](const KnownEntity&) { ++visited; });
    REQUIRE(visited == count);
    seen = count;
    ++reads;
  }
  CHECK(reads > 0);
  CHECK(OpenForTest(dir)->CountKnown() == reader->CountKnown() + 400);
}

}  // namespace ucaas_sync::state
