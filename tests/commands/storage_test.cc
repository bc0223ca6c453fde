// The storage under the state as an administrator meets it: a full disk, no file handles, a directory that cannot be
// written, a clock that was wrong. Each ends with a clear error and code, and the next sync does the rest.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/commands/acceptance.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

constexpr std::uint64_t kPeople = 40;

/// A company on the HTTP sandbox, with welcome mails, whose program runs in a shell that takes something from it first.
struct Scene {
  Scene() {
    cli.Write("config.yaml", Replaced(CompanyConfig({}, service.Target()), "user_type: moderator",
                                      "user_type: moderator\n    send_welcome_mail: \"true\""));
    cli.Write("people.csv", CompanyCsv(kPeople));
  }

  /// `script` ends with what runs the program: "$0" "$@".
  Output Run(const std::string& script, const std::vector<std::string>& arguments) const {
    std::vector<std::string> words{"/bin/sh", "-c", script, UCAAS_SYNC_PROGRAM, "-c", cli.Path("config.yaml")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Child(cli.folder(), std::move(words), {"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", "TZ=UTC"})
        .Wait();
  }
  void ExpectEverybodyOnce() {
    CHECK(cli.Count("user") == kPeople);
    CHECK(cli.Count("contact") == kPeople);
    CHECK(cli.Count("group") == 6);
    auto mails = service.sandbox().WelcomeMails();
    std::sort(mails.begin(), mails.end());
    CHECK(std::adjacent_find(mails.begin(), mails.end()) == mails.end());
    CHECK(mails.size() == kPeople);
  }
  /// The cause is gone.
  void ExpectHealed() {
    Expect(cli.Run({"sync"}), 0, {"converged"});
    ExpectEverybodyOnce();
    Expect(cli.Run({"sync"}), 0, {"nothing to do"});
    Expect(cli.Run({"state", "check"}), 0, {"Sound"});
  }

  Cli cli;
  Service service{cli};
};

}  // namespace

TEST_CASE("no file may grow beyond a size: whatever the size, the run says so, and the next one does the rest") {
  Scene scene;
  std::size_t failures = 0;
  // In blocks of 512 bytes. Each run gets a little further than the one before.
  for (int blocks = 0; blocks <= 900; blocks += 60) {
    CAPTURE(blocks);
    const Output output =
        scene.Run("trap '' XFSZ; ulimit -f " + std::to_string(blocks) + "; exec \"$0\" \"$@\"", {"sync"});
    if (output.code == 0) continue;
    ++failures;
    Expect(output, 1, {"state", "cannot ", "again"});
  }
  CHECK(failures > 3);
  scene.ExpectHealed();
}

TEST_CASE("a full disk is named, keeps what was recorded, and is no trouble any more once there is space") {
  Scene scene;
  const std::string mount = "mkdir -p state && chmod 700 state && mount -t tmpfs -o mode=0700,size=";
  const std::string run = "\"$0\" \"$@\"; echo \"code $?\"; ";
  const std::string space = "mount -o remount,size=64m state; ";
  const std::string script = mount + "300k tmpfs state || exit 77; " + run + space + run + run;
  const Output output = scene.Run("exec unshare -rm /bin/sh -c '" + script + "' \"$0\" \"$@\"", {"sync"});
  if (output.code == 77 || !output.Says("code ")) {
    MESSAGE("skipped: no file system can be mounted here");
    return;
  }
  Expect(output, 0, {"code 1\n", "the disk is full; free space on that file system and run again"});
  CHECK(output.out.find("code 1\n") < output.out.find("converged"));
  CHECK(output.Says("nothing to do"));
  scene.ExpectEverybodyOnce();
}

// The sanitizer needs handles of its own to tell whether memory is sound, and takes their want for a fault of ours.
#if !defined(UCAAS_SYNC_ADDRESS_SANITIZER)
TEST_CASE("without file handles a run ends with what it could not open, and the next one does the rest") {
  Scene scene;
  std::size_t failures = 0;
  for (int handles = 4; handles <= 40; handles += 1) {
    CAPTURE(handles);
    const Output output = scene.Run("ulimit -n " + std::to_string(handles) + "; exec \"$0\" \"$@\"", {"sync"});
    if (output.code == 0) continue;
    ++failures;
    // So few that the program's libraries cannot be loaded are the loader's to tell.
    if (output.code == 127 && output.Says("error while loading shared libraries")) continue;
    // Before the state is open it is the state's failure, then the source's, then the target's, which gets no socket.
    const bool is_told = output.code == 1 || output.code == 4 || output.code == 5 || output.code == 7;
    CHECK_MESSAGE(is_told, output.code << ": " << output.err);
    CHECK_MESSAGE(output.Says("Too many open files"), output.code << ": " << output.out << output.err);
    if (output.code != 5) CHECK_MESSAGE(output.Says("limit of open files"), output.code << ": " << output.err);
  }
  CHECK(failures > 3);
  scene.ExpectHealed();
}
#endif

TEST_CASE("a state directory that cannot be made is named, with the reason, and nothing is sent") {
  Scene scene;
  std::ofstream(scene.cli.folder() / "state") << "in the way";
  Expect(scene.cli.Run({"sync"}), 78, {scene.cli.Path("state"), "is not a directory", "move what lies there away"});
  CHECK(scene.service.counters().requests == 0);
  std::filesystem::remove(scene.cli.folder() / "state");
  scene.ExpectHealed();
}

TEST_CASE("a state directory that may not be written is named, with what to check, and nothing is sent") {
  Scene scene;
  if (geteuid() == 0) {
    MESSAGE("skipped: root may write everywhere");
    return;
  }
  std::filesystem::create_directory(scene.cli.folder() / "state");
  std::filesystem::permissions(scene.cli.folder() / "state", std::filesystem::perms{0500});
  Expect(scene.cli.Run({"sync"}), 1, {scene.cli.Path("state"), "Permission denied", "check the owner, mode"});
  CHECK(scene.service.counters().requests == 0);
  std::filesystem::permissions(scene.cli.folder() / "state", std::filesystem::perms{0700});
  scene.ExpectHealed();
}

TEST_CASE("on a read-only file system a run says that it may not write, and nothing is sent") {
  Scene scene;
  Expect(scene.cli.Run({"sync"}), 0);
  auto people = CompanyPeople(kPeople);
  people[0].title = "Director";
  scene.cli.Write("people.csv", CsvOf(people));
  const std::uint64_t before = scene.service.counters().writes;
  const std::string script =
      "mount --bind state state && mount -o remount,bind,ro state || exit 77; exec \"$0\" \"$@\"";
  const Output output = scene.Run("exec unshare -rm /bin/sh -c '" + script + "' \"$0\" \"$@\"", {"sync"});
  if (output.code == 77 || output.Says("unshare")) {
    MESSAGE("skipped: no file system can be mounted here");
    return;
  }
  Expect(output, 1, {scene.cli.Path("state"), "Read-only file system"});
  CHECK(scene.service.counters().writes == before);
  Expect(scene.cli.Run({"sync"}), 0, {"converged"});
  CHECK(scene.cli.Account("SELECT count(*) FROM users WHERE designation = 'Director'") == "1\n");
}

TEST_CASE(
    "a clock that was a year ahead and is put right removes nobody early, and holds nobody's removal for a year") {
  SettledCompany company(CompanyPeople(kPeople), CompanyConfig());
  auto people = CompanyPeople(kPeople);
  people.pop_back();
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  const std::string before = company.Everything();
  constexpr int kYear = 365 * 24;
  // What the state noted lies in the future now.
  company.PassHours(-kYear);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  company.PassHours(23);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
  company.PassHours(2);
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'S'") == "1\n");
  CHECK(company.Count("contact") == kPeople - 1);
}

TEST_CASE("a clock that jumps a year ahead cannot make one read of a source prove an absence") {
  SettledCompany company(CompanyPeople(kPeople), CompanyConfig());
  company.PassHours(365 * 24);
  auto people = CompanyPeople(kPeople);
  people.pop_back();
  company.WritePeople(people);
  const std::string before = company.Everything();
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
}

}  // namespace ucaas_sync::testing
