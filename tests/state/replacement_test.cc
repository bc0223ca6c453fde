// A state that takes the place of another, and a kill between any two of its steps.
#include "daemon/state/replacement.h"

#include <SQLiteCpp/Database.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <string>

#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

std::unique_ptr<SqliteStore> OpenIn(const std::filesystem::path& dir, OpenMode mode = OpenMode::kReadWrite) {
  return OpenStore(dir, mode, {.program_version = "1.2.3", .seed = 7, .busy_timeout_ms = 2'000});
}

std::set<std::string> NamesIn(const std::filesystem::path& dir) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) names.insert(entry.path().filename().string());
  return names;
}

bool HasRebuilt(const TemporaryDirectory& dir) {
  const std::set<std::string> names = NamesIn(dir.state());
  return names.contains("rebuilt") || names.contains("rebuilding");
}

/// What the file says that the old state became: whose log must have gone with it.
bool SaysOld(const std::filesystem::path& path) {
  return SQLite::Database(path.string(), SQLite::OPEN_READWRITE)
             .execAndGet("SELECT count(*) FROM entity WHERE key IN ('OLD1', 'OLD2')")
             .getInt() == 2;
}

std::vector<std::filesystem::path> AsideIn(const TemporaryDirectory& dir) {
  std::vector<std::filesystem::path> found;
  for (const std::string& name : NamesIn(dir.state())) {
    if (name.starts_with("state.db.") && !name.ends_with("-wal") && !name.ends_with("-shm")) {
      found.push_back(dir.state() / name);
    }
  }
  return found;
}

/// The old state: what it says last is in its log alone.
void MakeOld(const TemporaryDirectory& dir) {
  RunOf(*OpenForTest(dir), {User("OLD1")});
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = OpenForTest(dir);
    RunOf(*store, {User("OLD2")});
    ::_exit(0);  // without closing the file
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(std::filesystem::file_size(dir.file().string() + "-wal") > 0);
}

/// Makes a new state; the process ends as if killed at the `cut`th step. Whether that came.
bool ReplaceCutAt(const TemporaryDirectory& dir, int cut) {
  const pid_t child = ::fork();
  if (child == 0) {
    int steps = 0;
    const auto count = [&steps, cut] {
      if (steps++ == cut) ::_exit(7);
    };
    Replacement made(dir.state(), count);
    count();
    {
      const auto store = OpenIn(made.dir());
      count();
      RunOf(*store, {User("NEW1")});
      count();
      RunOf(*store, {User("NEW2")});
    }
    made.PutInPlace(At(0));
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status) == 7;
}

std::set<std::string> KeysOf(const SqliteStore& store) {
  std::set<std::string> keys;
  store.ForEachKnown([&](const KnownEntity& known) { keys.insert(store.Load(known.id).key); });
  return keys;
}

const std::set<std::string> kOld{"OLD1", "OLD2"};
const std::set<std::string> kNew{"NEW1", "NEW2"};

}  // namespace

TEST_CASE("a new state takes the old one's place, which keeps its log, and two in one second do not meet") {
  const TemporaryDirectory dir;
  MakeOld(dir);
  std::set<std::filesystem::path> aside;
  for (int i = 0; i < 2; ++i) {
    Replacement made(dir.state());
    RunOf(*OpenIn(made.dir()), {User("NEW" + std::to_string(i))});
    const auto moved = made.PutInPlace(At(0));
    REQUIRE(moved);
    aside.insert(*moved);
    CHECK(KeysOf(*OpenForTest(dir, OpenMode::kReadOnly)) == std::set<std::string>{"NEW" + std::to_string(i)});
  }
  CHECK(aside.size() == 2);
  CHECK(SaysOld(*aside.begin()));
  CHECK_FALSE(HasRebuilt(dir));
}

TEST_CASE("where there was no state a new one takes its place, and nothing is moved") {
  const TemporaryDirectory dir;
  Replacement made(dir.state());
  RunOf(*OpenIn(made.dir()), {User("NEW1")});
  CHECK_FALSE(made.PutInPlace(At(0)));
  CHECK(OpenForTest(dir)->Find(Kind::kUser, "NEW1"));
}

TEST_CASE("a new state that is given up leaves the old one and nothing else") {
  const TemporaryDirectory dir;
  MakeOld(dir);
  const std::set<std::string> before = NamesIn(dir.state());
  {
    const Replacement made(dir.state());
    RunOf(*OpenIn(made.dir()), {User("NEW1")});
  }
  CHECK(NamesIn(dir.state()) == before);
  CHECK(KeysOf(*OpenForTest(dir)) == kOld);
}

TEST_CASE("a kill anywhere leaves the whole old state or the whole new one, for readers and writers alike") {
  bool was_cut = true;
  int olds = 0;
  int news = 0;
  for (int cut = 0; was_cut; ++cut) {
    CAPTURE(cut);
    REQUIRE(cut < 100);
    const TemporaryDirectory dir;
    MakeOld(dir);
    was_cut = ReplaceCutAt(dir, cut);
    const bool is_old = KeysOf(*OpenForTest(dir, OpenMode::kReadOnly)) == kOld;
    ++(is_old ? olds : news);
    const auto& expected = is_old ? kOld : kNew;
    CHECK(KeysOf(*OpenForTest(dir, OpenMode::kReadOnly)) == expected);
    CHECK(KeysOf(*OpenForTest(dir)) == expected);
    CHECK(KeysOf(*OpenForTest(dir, OpenMode::kReadOnly)) == expected);
    CHECK(OpenForTest(dir)->Check().empty());
    const auto aside = AsideIn(dir);
    REQUIRE(aside.size() == (is_old ? 0U : 1U));
    if (!is_old) CHECK(SaysOld(aside.front()));
    // The next one is not in the way of what this one left.
    CHECK_FALSE(ReplaceCutAt(dir, 1'000));
    CHECK(KeysOf(*OpenForTest(dir)) == kNew);
    CHECK_FALSE(HasRebuilt(dir));
  }
  CHECK(olds > 5);
  CHECK(news > 8);
}

TEST_CASE("a kill after a kill, while what was left is finished, loses nothing either") {
  for (int cut = 0; cut < 40; ++cut) {
    const TemporaryDirectory dir;
    MakeOld(dir);
    ReplaceCutAt(dir, cut);
    for (int again = 0; again < 12; ++again) {
      const pid_t child = ::fork();
      if (child == 0) {
        int steps = 0;
        FinishReplacement(dir.state(), [&] {
          if (steps++ == again) ::_exit(7);
        });
        ::_exit(0);
      }
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
    }
    const std::set<std::string> keys = KeysOf(*OpenForTest(dir));
    CAPTURE(cut);
    CHECK((keys == kOld || keys == kNew));
    const auto aside = AsideIn(dir);
    if (keys == kNew) {
      REQUIRE(aside.size() == 1);
      CHECK(SaysOld(aside.front()));
    }
  }
}

}  // namespace ucaas_sync::state
