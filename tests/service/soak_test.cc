// The real service, with its watching, its worker, its state and the sandbox, through thirty days of a clock of ours.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/bytes/unique_fd.h"
#include "daemon/run/system_clock.h"
#include "daemon/service/service.h"
#include "daemon/state/sqlite_store.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::service {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

#if defined(UCAAS_SYNC_ADDRESS_SANITIZER) || defined(UCAAS_SYNC_THREAD_SANITIZER)
constexpr bool kCountsMemory = false;  // the sanitizers keep what was freed
#else
constexpr bool kCountsMemory = true;
#endif

// Real time plus what was skipped: a run takes what it takes, waiting takes nothing. The transport sleeps by real time
// alone, so nothing here may make a run wait for a moment with no request under way: the sandbox has no rate.
class SkippingClock final : public Clock {
 public:
  explicit SkippingClock(Instant start) { wall_ = (start - real_.Now()).count(); }
  Instant Now() const override { return real_.Now() + Duration(wall_.load()); }
  Monotonic Ticks() const override { return real_.Ticks() + Duration(ticks_.load()); }
  void Skip(Duration time) {
    wall_ += time.count();
    ticks_ += time.count();
  }
  /// Somebody sets the clock.
  void SetForward(Duration by) { wall_ += by.count(); }

 private:
  run::SystemClock real_;
  std::atomic<std::int64_t> wall_{0};   // milliseconds
  std::atomic<std::int64_t> ticks_{0};  // milliseconds
};

class Counting final : public Observer {
 public:
  void OnEvent(const Event& event) override {
    ++events[TypeOf(event.id).name];
    if (TypeOf(event.id).severity == Severity::kError) errors.push_back(event.text);
  }
  std::map<std::string_view, int> events;
  std::vector<std::string> errors;
};

std::size_t OpenDescriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

std::size_t Threads() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
}

Duration CpuOfThisThread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) +
           std::chrono::duration_cast<Duration>(std::chrono::microseconds(time.tv_usec));
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

struct Usage {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::size_t bytes = 0;  ///< Allocated, not only held back by the allocator.
};

Usage UsageNow() {
  const auto heap = mallinfo2();
  return {.descriptors = OpenDescriptors(), .threads = Threads(), .bytes = heap.uordblks + heap.hblkhd};
}

class Soak {
 public:
  Soak() : clock_(*ParseInstant("2026-10-10T12:00:00Z")), began_(clock_.Ticks()) {
    std::ofstream(dir_ / "config.yaml") << R"yaml(state_dir: state
target: { sandbox: account.db }
sources: { hr: { csv: people.csv, key: id } }
users:
  from: hr
  left: "(status=left)"
  fields: { first_name: "{first}", last_name: "{last}", email: "{email}", department: "{dept}", user_type: moderator }
schedule: { every: 5m, refresh: 7d }
timezone: Europe/Berlin
listen: unix:)yaml" << (dir_ / "http.sock").string()
                                        << '\n';
    std::filesystem::permissions(dir_ / "config.yaml", std::filesystem::perms::owner_read);
  }

  void At(Duration when, std::function<void()> action) { script_.push_back({when, std::move(action)}); }

  ExitCode Serve() {
    std::sort(script_.begin(), script_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const Options options{
        .config_file = dir_ / "config.yaml",
        .environment = [](const std::string&) { return std::optional<std::string>(); },
        .clock = clock_,
        .log = log_,
        .set_log = [](const config::LogConfig&) {},
        .wait = [this](std::span<pollfd> ready, Duration longest, bool running) { Wait(ready, longest, running); },
        .pause = [this](Duration time) { clock_.Skip(time); }};
    return service::Serve(options);
  }

  /// As an export that was renamed into its place at this moment of our clock.
  void Write(const std::string& rows) {
    const std::string text = "id,first,last,email,dept,status\n" + rows;
    const std::filesystem::path made = dir_ / "people.new";
    std::ofstream(made) << text;
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
    const std::array<timespec, 2> times{timespec{.tv_sec = now, .tv_nsec = 0}, timespec{.tv_sec = now, .tv_nsec = 0}};
    REQUIRE(utimensat(AT_FDCWD, made.c_str(), times.data(), 0) == 0);
    std::filesystem::rename(made, dir_ / "people.csv");
  }

  std::string Fetch(const std::string& path) const {
    const bytes::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (dir_ / "http.sock").string().copy(&address.sun_path[0], sizeof(address.sun_path) - 1);
    REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    REQUIRE(write(fd.get(), request.data(), request.size()) == static_cast<ssize_t>(request.size()));
    std::string reply;
    std::array<char, 4096> block{};
    for (ssize_t got = 0; (got = read(fd.get(), block.data(), block.size())) > 0;) {
      reply.append(block.data(), static_cast<std::size_t>(got));
    }
    REQUIRE(reply.starts_with("HTTP/1.1 200"));
    return reply;
  }

  std::map<std::string, int> RunsByTrigger() const {
    std::map<std::string, int> runs;
    const auto store = state::OpenStore(dir_ / "state", state::OpenMode::kReadOnly, {});
    for (const RunRecord& run : store->Runs(100'000)) ++runs[run.trigger];
    return runs;
  }
  std::array<std::uint64_t, 3> Users() const {
    return state::OpenStore(dir_ / "state", state::OpenMode::kReadOnly, {})->CountEntities()[Index(Kind::kUser)];
  }

  SkippingClock& clock() { return clock_; }
  const Counting& log() const { return log_; }
  int looks() const { return looks_; }

 private:
  void Wait(std::span<pollfd> ready, Duration longest, bool running) {
    if (poll(ready.data(), ready.size(), 0) > 0) return;
    if (running) {
      constexpr Duration kAMoment{20};
      poll(ready.data(), ready.size(), static_cast<int>(std::min(longest, kAMoment).count()));
      return;
    }
    ++looks_;
    const auto elapsed = std::chrono::duration_cast<Duration>(clock_.Ticks() - began_);
    if (script_.empty() || script_.front().first > elapsed + longest) {
      clock_.Skip(longest);
    } else {
      clock_.Skip(std::max(Duration(0), script_.front().first - elapsed));
      const auto action = std::move(script_.front().second);
      script_.pop_front();
      action();
    }
    poll(ready.data(), ready.size(), 0);
  }

  testing::TemporaryFolder dir_;
  SkippingClock clock_;
  Monotonic began_;
  Counting log_;
  std::deque<std::pair<Duration, std::function<void()>>> script_;
  int looks_ = 0;
};

// A company that changes with `version`: each version has one more joiner, another department, and now and then a
// leaver.
std::string People(int version) {
  std::string rows;
  constexpr int kAtFirst = 60;
  for (int i = 0; i < kAtFirst + version; ++i) {
    const std::string n = std::to_string(i);
    const bool left = i % 20 == 7 && i < version / 2;
    rows += "E" + n + ",Ada,Lovelace" + n + ",e" + n + "@example.com," + (i == version % kAtFirst ? "Sales" : "Navy") +
            "," + (left ? "left" : "active") + "\n";
  }
  return rows;
}

TEST_CASE("thirty days of service: every change has one run, no look asks anything, and nothing grows") {
  Soak soak;
  constexpr int kDays = 30;
  constexpr int kChangesADay = 5;
  int changes = 0;
  soak.Write(People(0));
  for (int day = 0; day < kDays; ++day) {
    constexpr int kQuietDay = 20;
    if (day == kQuietDay) continue;
    for (int i = 0; i < kChangesADay; ++i) {
      // At another minute each day, never in the same five minutes as another.
      const Duration when =
          hours(24 * day + 1 + 4 * i) + minutes((day * 7 + i * 11) % 60) + std::chrono::seconds(13 * i);
      soak.At(when, [&soak, version = ++changes] { soak.Write(People(version)); });
    }
  }
  // A file that ends in mid-row comes in the place of one change, and the whole one an hour later.
  const Duration torn_at = hours(24 * 12 + 23);
  soak.At(torn_at, [&] { soak.Write(People(13 * kChangesADay) + "E1,Ad"); });
  soak.At(torn_at + hours(1) - minutes(10), [&] { soak.Write(People(13 * kChangesADay)); });
  // Clocks: set forward, set back; Europe/Berlin leaves summer time on 25 October by itself.
  soak.At(hours(24 * 5 + 12) + minutes(3), [&] { soak.clock().SetForward(hours(2)); });
  soak.At(hours(24 * 9 + 12) + minutes(3), [&] { soak.clock().SetForward(-hours(3)); });
  std::vector<Usage> usage;
  for (int day = 1; day <= kDays; ++day) {
    soak.At(hours(24 * day - 1) + minutes(30), [&] {
      soak.Fetch("/");
      soak.Fetch("/metrics");
      usage.push_back(UsageNow());
    });
    soak.At(hours(24 * day - 1) + minutes(45), [] { kill(getpid(), SIGHUP); });
  }
  const auto Asked = [&soak] {
    std::string asked;
    const std::string metrics = soak.Fetch("/metrics");
    for (std::size_t at = 0; (at = metrics.find("\nucaas_sync_api_requests_total", at)) != std::string::npos; ++at) {
      asked += metrics.substr(at, metrics.find('\n', at + 1) - at);
    }
    return asked;
  };
  std::string asked_before;
  std::string asked_after;
  soak.At(hours(24 * 20 + 2), [&] { asked_before = Asked(); });
  soak.At(hours(24 * 20 + 20), [&] { asked_after = Asked(); });
  soak.At(hours(24 * kDays), [] { kill(getpid(), SIGTERM); });

  const Duration cpu_before = CpuOfThisThread();
  CHECK(soak.Serve() == ExitCode::kConverged);
  const Duration cpu = CpuOfThisThread() - cpu_before;

  const auto runs = soak.RunsByTrigger();
  MESSAGE(soak.looks(), " turns, ", cpu.count(), " ms of CPU in the loop; runs by trigger:");
  for (const auto& [trigger, count] : runs) MESSAGE(trigger, ": ", count);
  CHECK(runs.at("start") == 1);
  constexpr int kTornAndWhole = 2;
  CHECK(runs.at("change") == changes + kTornAndWhole);
  CHECK(soak.log().events.at("run_failed") >= 1);
  CHECK(soak.log().events.at("run_recovered") == 1);
  CHECK(soak.log().events.at("configuration_reloaded") == kDays);
  CHECK(soak.log().errors.size() == static_cast<std::size_t>(soak.log().events.at("run_failed")));
  // Everybody whom the last file names has an account, and nobody twice.
  const auto users = soak.Users();
  CHECK(users[0] + users[1] == static_cast<std::uint64_t>(60 + changes));

  // The quiet day asked the target nothing.
  REQUIRE_FALSE(asked_before.empty());
  CHECK(asked_before == asked_after);

  // A look every five minutes, and turns of half a minute while there are pages.
  CHECK(soak.looks() > kDays * 24 * 60);
  const double cpu_of_a_turn = static_cast<double>(cpu.count()) / soak.looks();
  constexpr double kMostMilliseconds = 5;
  CHECK(cpu_of_a_turn < kMostMilliseconds);

  REQUIRE(usage.size() == kDays);
  constexpr std::size_t kWarm = 4;  // days
  for (std::size_t day = kWarm; day < usage.size(); ++day) {
    CAPTURE(day);
    // The connection that just asked may not be closed yet at the other end.
    CHECK(usage[day].descriptors <= usage[kWarm].descriptors + 1);
    CHECK(usage[day].threads == usage[kWarm].threads);
  }
  MESSAGE("allocated on day 5: ", usage[kWarm].bytes / 1024, " KiB, on day 30: ", usage.back().bytes / 1024, " KiB; ",
          usage.back().descriptors, " descriptors, ", usage.back().threads, " threads");
  if (kCountsMemory) {
    constexpr std::size_t kMostGrowth = 256 * 1024;  // a company that has grown to three times its size included
    CHECK(usage.back().bytes < usage[kWarm].bytes + kMostGrowth);
  }
}

}  // namespace
}  // namespace ucaas_sync::service
