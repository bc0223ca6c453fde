#include "connectors/bytes/settle.h"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>

#include "tests/support/fake_clock.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::bytes {
namespace {

using std::chrono::seconds;
using testing::TemporaryFolder;

/// A clock that starts now, and what happens each time it is let run on.
struct Scene {
  testing::FakeClock clock;
  std::function<void()> meanwhile;
  std::vector<std::string> said;
  bool stop = false;

  Scene() { clock.now = std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
  Patience patience() {
    return {.clock = &clock,
            .pause =
                [this](Duration time) {
                  clock.Advance(time);
                  if (meanwhile) meanwhile();
                },
            .stop = [this] { return stop; },
            .tell = [this](const std::string& text) { said.push_back(text); }};
  }
  std::string Wait(const std::vector<std::string>& paths) {
    const auto problem = WaitUntilSettled(paths, patience());
    return problem ? problem->ToString() : "";
  }
  Duration Waited(Monotonic since) const { return std::chrono::floor<Duration>(clock.ticks - since); }
};

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file that was left alone is not waited for") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n");
  folder.SetAge("people.csv", std::chrono::hours(1));
  Scene scene;
  CHECK(scene.Wait({path}) == "");
  CHECK(scene.clock.ticks == Monotonic{});
  CHECK(scene.said.empty());
}

TEST_CASE("a file that was written just now is waited for until two seconds are over, and that is said once") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n");
  Scene scene;
  CHECK(scene.Wait({path}) == "");
  CHECK(scene.Waited({}) >= seconds(1));
  CHECK(scene.Waited({}) <= seconds(2));
  REQUIRE(scene.said.size() == 1);
  CHECK(Has(scene.said[0], path + " was written just now"));
}

TEST_CASE("each write begins the two seconds anew") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n");
  Scene scene;
  int writes = 0;
  scene.meanwhile = [&] {
    if (++writes <= 10) folder.Append("people.csv", "1\n");
  };
  CHECK(scene.Wait({path}) == "");
  CHECK(scene.Waited({}) >= seconds(4));
}

TEST_CASE("a file that does not come to rest in ten seconds is refused, with how it changed") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n");
  Scene scene;
  scene.meanwhile = [&] { folder.Append("people.csv", "1\n"); };
  const std::string problem = scene.Wait({path});
  CHECK(Has(problem, "people.csv: the file is still being written: it grew from 3 to "));
  CHECK(Has(problem, "10"));
  CHECK(Has(problem, "rename it at the end"));
  CHECK(scene.Waited({}) <= seconds(11));
}

TEST_CASE("a file from the future, by a server's clock, is watched for two seconds and taken") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n");
  folder.SetAge("people.csv", -std::chrono::hours(1));
  Scene scene;
  CHECK(scene.Wait({path}) == "");
  CHECK(scene.Waited({}) == seconds(2));
}

TEST_CASE("who asks the program to stop does not wait for a file") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n");
  Scene scene;
  scene.stop = true;
  CHECK(Has(scene.Wait({path}), "was asked to stop"));
}

TEST_CASE("a file that is not there, or goes meanwhile, is left to who opens it") {
  const TemporaryFolder folder;
  Scene scene;
  CHECK(scene.Wait({folder.Path("none.csv")}) == "");
  const std::string path = folder.Write("people.csv", "id\n");
  scene.meanwhile = [&] { std::filesystem::remove(path); };
  CHECK(scene.Wait({path}) == "");
}

TEST_CASE("without a way to pause nothing is waited for") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n");
  CHECK_FALSE(WaitUntilSettled({path}, {}));
}

}  // namespace ucaas_sync::bytes
