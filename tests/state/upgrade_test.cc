#include "daemon/state/upgrade.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <set>

#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

// The tables as a later program would have them.
std::vector<Migration> WithOneMore(const char* sql = "ALTER TABLE entity ADD COLUMN note TEXT DEFAULT 'later'") {
  std::vector<Migration> next(Migrations().begin(), Migrations().end());
  next.push_back({.version = Migrations().back().version + 1, .sql = sql});
  return next;
}

std::filesystem::path Copy(const TemporaryDirectory& dir) {
  return CopyPath(dir.file(), Migrations().back().version);
}

std::set<std::string> Names(const TemporaryDirectory& dir) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.state())) names.insert(entry.path().filename());
  return names;
}

void Upgrade(const TemporaryDirectory& dir, std::span<const Migration> migrations) {
  Connection connection(dir.file(), SQLite::OPEN_READWRITE, 1000);
  BringUpToDate(connection, migrations);
}

// As it was before runs said what they left.
constexpr const char* kToVersion4 = R"sql(
ALTER TABLE run DROP COLUMN undone;
PRAGMA user_version = 4;
)sql";

// Undoes what came after the third tables: then a create of unknown outcome had one address.
constexpr const char* kToVersion3 = R"sql(
ALTER TABLE run DROP COLUMN undone;
DROP TABLE unknown_create;
CREATE TABLE unknown_create (
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  address TEXT NOT NULL,
  operation INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 3;
)sql";

// From there on: as it was before anything was counted.
constexpr const char* kToVersion1 = R"sql(
DROP TRIGGER entity_counted;
DROP TRIGGER entity_recounted;
DROP TRIGGER entity_discounted;
DROP TABLE entity_count;
ALTER TABLE run DROP COLUMN done;
DROP TABLE target_pause;
PRAGMA user_version = 1;
)sql";

void Undo(const TemporaryDirectory& dir, const std::string& sql) {
  SQLite::Database(dir.file().string(), SQLite::OPEN_READWRITE).exec(sql);
}

}  // namespace

TEST_CASE("an upgrade keeps what was there before, for the older program and its owner alone") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1"), User("E2")});
  const std::vector<Migration> next = WithOneMore();
  Upgrade(dir, next);
  CHECK(SQLite::Database(dir.file().string()).execAndGet("SELECT note FROM entity").getString() == "later");
  struct stat info {};
  REQUIRE(::stat(Copy(dir).c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const Failure refused = FailureOf([&] { OpenForTest(dir); });
  CHECK(refused.code() == ExitCode::kConfig);
  CHECK(Says(refused, Copy(dir).string()));

  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(dir.file().string() + part);
  std::filesystem::rename(Copy(dir), dir.file());
  CHECK(OpenForTest(dir)->CountKnown() == 2);
  CHECK(OpenForTest(dir)->Check().empty());
}

TEST_CASE("a state of the first tables counts what it holds when it is brought up to date") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1"), User("E2"), Group("G")});
  Undo(dir, std::string(kToVersion3) + kToVersion1);
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
    CHECK(IsOlder(dir.state()));
    const auto store = OpenForTest(dir, mode);
    CHECK(store->CountEntities()[Index(Kind::kUser)][0] == 2);
    CHECK(store->CountEntities()[Index(Kind::kGroup)][0] == 1);
    CHECK(store->Runs(1).front().done == 3);
    CHECK(store->Check().empty());
  }
  CHECK_FALSE(IsOlder(dir.state()));
  CHECK_FALSE(IsOlder(dir.path() / "none"));
}

TEST_CASE("creates of unknown outcome stay known when a state is brought up to date, and get further addresses") {
  const TemporaryDirectory dir;
  StoredEntity user = User("E1");
  std::string run;
  {
    const auto store = OpenForTest(dir);
    run = store->BeginRun({.trigger = "command", .at = At(0)});
    store->StorePlan(run, PlanOf({For(user, Action::kCreate)}));
    store->AdvanceMark(run, 1);
    store->FinishRun(run, ExitCode::kUnavailable, "stopped", 0, {}, At(1));
  }
  Undo(dir, std::string(kToVersion3) + "INSERT INTO unknown_create VALUES (0, 'E1', 'E1@Example.com', (1 << 32) + 1)");
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
    CHECK(IsOlder(dir.state()));
    const auto creates = OpenForTest(dir, mode)->UnknownCreates();
    REQUIRE(creates.size() == 1);
    CHECK(creates[0].address == "E1@Example.com");
    CHECK(creates[0].operation == run + "/1");
  }
  const auto store = OpenForTest(dir);
  user.fields[kUserEmail] = Field::Value("new@example.com");
  const std::string second = RunUnderWay(*store, {For(user, Action::kCreate)}, 1, At(2));
  store->FinishRun(second, ExitCode::kUnavailable, "stopped", 0, {}, At(3));
  CHECK(store->UnknownCreates().size() == 2);
  CHECK(store->Check().empty());
}

TEST_CASE("runs of before a state could say so left what they neither did nor failed to do") {
  const TemporaryDirectory dir;
  {
    const auto store = OpenForTest(dir);
    for (const ExitCode code : {ExitCode::kPartial, ExitCode::kUnavailable}) {
      const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
      store->StorePlan(run, PlanOf({For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate),
                                    For(User("E3"), Action::kCreate)}));
      store->AdvanceMark(run, 2);
      store->RecordOutcomes(run, std::vector{Done(1, User("E1"), At(1)), Failed(2, "invalid", "no", At(1))});
      store->FinishRun(run, code, "stopped", 1, {}, At(2));
    }
  }
  Undo(dir, kToVersion4);
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
    CHECK(IsOlder(dir.state()));
    const std::vector<RunRecord> runs = OpenForTest(dir, mode)->Runs(2);
    CHECK(runs[0].left == 0);
    CHECK(runs[1].left == 1);
  }
}

TEST_CASE("what is up to date is not copied") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1")});
  const std::set<std::string> before = Names(dir);
  Upgrade(dir, Migrations());
  OpenForTest(dir);
  CHECK(Names(dir) == before);
}

TEST_CASE("an upgrade that fails leaves the state as it was, and the next one makes the copy anew") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1")});
  CHECK_THROWS_AS(Upgrade(dir, WithOneMore("CREATE TABLE nonsense (")), StateFailure);
  RunOf(*OpenForTest(dir), {User("E2")});
  Upgrade(dir, WithOneMore());
  CHECK(SQLite::Database(Copy(dir).string()).execAndGet("SELECT count(*) FROM entity").getInt() == 2);
  CHECK(Names(dir).count("state.db") == 1);
  for (const std::string& name : Names(dir)) CHECK(name.find(".db.") == std::string::npos);
}

TEST_CASE("a state that is damaged is neither copied nor upgraded") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1")});
  std::filesystem::remove(dir.file().string() + "-wal");
  std::filesystem::remove(dir.file().string() + "-shm");
  std::string bytes = Slurp(dir.file());
  for (std::size_t at = bytes.size() / 2; at < bytes.size(); ++at) bytes[at] = '\x5a';
  Spill(dir.file(), bytes);
  const Failure failure = FailureOf([&] { Upgrade(dir, WithOneMore()); });
  CHECK(failure.code() == ExitCode::kError);
  CHECK_FALSE(std::filesystem::exists(Copy(dir)));
  CHECK(Slurp(dir.file()) == bytes);
}

TEST_CASE("a copy goes with the journal's old runs, and at once when somebody is forgotten") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")});
  Spill(Copy(dir), "who was there");
  Spill(dir.state() / "mine.db", "not ours to remove");
  struct stat info {};
  REQUIRE(::stat(Copy(dir).c_str(), &info) == 0);
  const Instant made(std::chrono::seconds(info.st_mtim.tv_sec));
  store->RemoveOldRuns(made - std::chrono::seconds(1), 10);
  CHECK(std::filesystem::exists(Copy(dir)));
  SUBCASE("old runs go") {
    store->RemoveOldRuns(made + std::chrono::seconds(1), 10);
  }
  SUBCASE("somebody is forgotten") {
    store->Forget("E1", At(0));
  }
  CHECK_FALSE(std::filesystem::exists(Copy(dir)));
  CHECK(std::filesystem::exists(dir.state() / "mine.db"));
}

}  // namespace ucaas_sync::state
