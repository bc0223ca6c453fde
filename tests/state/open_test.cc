#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "daemon/state/schema.h"
#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

void Execute(const std::filesystem::path& path, const std::string& sql) {
  SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec(sql);
}

std::vector<std::string> Listing(const std::filesystem::path& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// Leaves a state of one user as a single closed file.
void MakeClosedState(const TemporaryDirectory& dir) {
  RunOf(*OpenForTest(dir), {User("E1")});
  std::filesystem::remove(dir.file().string() + "-wal");
  std::filesystem::remove(dir.file().string() + "-shm");
}

void CheckRefusedUntouched(const TemporaryDirectory& dir, ExitCode code, std::string_view text) {
  const std::string before = Slurp(dir.file());
  for (const OpenMode mode : {OpenMode::kReadWrite, OpenMode::kReadOnly}) {
    const Failure failure = FailureOf([&] { OpenForTest(dir, mode)->Check(); });
    CAPTURE(failure.what());
    CHECK(failure.code() == code);
    CHECK(Says(failure, text));
    CHECK(Says(failure, dir.file().string()));
    CHECK(Says(failure, "away"));
  }
  CHECK(Slurp(dir.file()) == before);
}

}  // namespace

TEST_CASE("what a killed process left of a new state is removed, and what another is at work with is not") {
  const TemporaryDirectory dir;
  std::filesystem::create_directories(dir.state());
  const std::string left = dir.file().string() + ".new-a1B2c3";
  for (const char* part : {"", "-wal", "-shm"}) std::ofstream(left + part) << "half";
  const std::string kept = dir.file().string() + ".backup";  // somebody's own
  std::ofstream(kept) << "mine";
  {
    const TemporaryFile at_work(dir.file());
    OpenForTest(dir);
    CHECK(std::filesystem::exists(at_work.path()));
  }
  CHECK(std::filesystem::exists(kept));
  for (const std::string& name : Listing(dir.state())) CHECK(name.find(".new-") == std::string::npos);
}

TEST_CASE("a new state is for its owner alone") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")});
  CHECK(ModeOf(dir.state()) == 0700);
  CHECK(ModeOf(dir.file()) == 0600);
  CHECK(ModeOf(dir.file().string() + "-wal") == 0600);
  CHECK(Listing(dir.state()) == std::vector<std::string>{"state.db", "state.db-shm", "state.db-wal"});
}

TEST_CASE("a directory that others may write to is refused") {
  const TemporaryDirectory dir;
  OpenForTest(dir);
  std::filesystem::permissions(dir.state(), std::filesystem::perms::others_write, std::filesystem::perm_options::add);
  for (const OpenMode mode : {OpenMode::kReadWrite, OpenMode::kReadOnly}) {
    const Failure failure = FailureOf([&] { OpenForTest(dir, mode); });
    CHECK(failure.code() == ExitCode::kConfig);
    CHECK(Says(failure, "chmod go-w"));
  }
}

TEST_CASE("a state_dir that is a file is refused") {
  const TemporaryDirectory dir;
  Spill(dir.state(), "not a directory");
  CHECK(FailureOf([&] { OpenForTest(dir); }).code() == ExitCode::kConfig);
}

TEST_CASE("reading where there is no state finds an empty one and makes nothing") {
  const TemporaryDirectory dir;
  {
    const auto store = OpenForTest(dir, OpenMode::kReadOnly);
    CHECK(store->IsEmpty());
    CHECK(store->Runs(5).empty());
    store->Bind("https://a.example/", "id");
    CHECK_THROWS_AS(store->MarkPlanUsed("p", At(0)), std::logic_error);
  }
  CHECK_FALSE(std::filesystem::exists(dir.state()));
}

TEST_CASE("reading writes nothing, and sees one moment while another connection writes") {
  const TemporaryDirectory dir;
  const auto writer = OpenForTest(dir);
  RunOf(*writer, {User("E1")});
  const auto names = Listing(dir.state());
  const auto reader = OpenForTest(dir, OpenMode::kReadOnly);
  RunOf(*writer, {User("E2")});
  CHECK(reader->CountKnown() == 1);
  CHECK(reader->Load(1).key == "E1");
  CHECK(OpenForTest(dir, OpenMode::kReadOnly)->CountKnown() == 2);
  CHECK_THROWS_AS(reader->BeginRun({.trigger = "x", .at = At(0)}), std::logic_error);
  CHECK(Listing(dir.state()) == names);
}

TEST_CASE("a state in a directory that may not be written can still be read") {
  if (::geteuid() == 0) return;  // root may write everywhere
  const TemporaryDirectory dir;
  MakeClosedState(dir);
  std::filesystem::permissions(dir.state(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK(OpenForTest(dir, OpenMode::kReadOnly)->CountKnown() == 1);
  std::filesystem::permissions(dir.state(), std::filesystem::perms::owner_all);
}

TEST_CASE("a file of zeros, an empty one and a cut one are damaged, and are left as they are") {
  const TemporaryDirectory dir;
  MakeClosedState(dir);
  const std::string whole = Slurp(dir.file());
  REQUIRE(whole.size() > 16'384);
  SUBCASE("zeros") {
    Spill(dir.file(), std::string(whole.size(), '\0'));
    CheckRefusedUntouched(dir, ExitCode::kError, "zeros");
  }
  SUBCASE("empty") {
    Spill(dir.file(), "");
    CheckRefusedUntouched(dir, ExitCode::kError, "empty");
  }
  SUBCASE("cut to half") {
    Spill(dir.file(), whole.substr(0, whole.size() / 2));
    CheckRefusedUntouched(dir, ExitCode::kError, "damaged");
  }
}

TEST_CASE("a page that was torn is found by the check") {
  const TemporaryDirectory dir;
  MakeClosedState(dir);
  std::string bytes = Slurp(dir.file());
  // Every page but the first two, which the opening needs.
  for (std::size_t at = 3 * 4096; at < bytes.size(); ++at) bytes[at] = '\x5a';
  Spill(dir.file(), bytes);
  bool found = false;
  try {
    found = !OpenForTest(dir)->Check().empty();
  } catch (const StateFailure& failure) {
    found = Says(failure, "damaged");
  }
  CHECK(found);
}

TEST_CASE("a file that is not ours is refused") {
  const TemporaryDirectory dir;
  std::filesystem::create_directory(dir.state());
  SUBCASE("text") {
    Spill(dir.file(), "id,name\n" + std::string(200, 'x'));
    CheckRefusedUntouched(dir, ExitCode::kConfig, "not a database");
  }
  SUBCASE("short") {
    Spill(dir.file(), "SQLite format 3");
    CheckRefusedUntouched(dir, ExitCode::kConfig, "not a database");
  }
  SUBCASE("another program's database") {
    Execute(dir.file(), "CREATE TABLE bookmarks (url TEXT)");
    CheckRefusedUntouched(dir, ExitCode::kConfig, "another program");
  }
}

TEST_CASE("a disk that is full is told so, also where SQLite calls it an input or output error") {
  const std::filesystem::path path = "/var/lib/x/state.db";
  const SQLite::Exception error("disk I/O error", SQLITE_IOERR);
  CHECK(Says(StorageFailure(path, "prepare it", error, ENOSPC), "the disk is full; free space"));
  CHECK(Says(StorageFailure(path, "prepare it", error, EDQUOT), "the disk is full; free space"));
  CHECK(Says(StorageFailure(path, "prepare it", error, EIO), "check the disk (kernel log)"));
}

TEST_CASE("the tables of each version are those that its migrations make") {
  Connection connection(":memory:", SQLite::OPEN_READWRITE, 0);
  CreateTables(connection, "1.2.3", 7);
  CHECK(DigestOfTables(connection) == Migrations().back().tables);
}

TEST_CASE("a view, a trigger or a table that is not of the program's making is refused and runs nothing") {
  const TemporaryDirectory dir;
  MakeClosedState(dir);
  SUBCASE("a view that never ends") {
    Execute(dir.file(),
            "DROP TABLE due; CREATE VIEW due (number, kind, action, key, at, reason) AS WITH RECURSIVE n (i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, 0, 3, i, i, i FROM n");
  }
  SUBCASE("a trigger that would empty it") {
    Execute(dir.file(), "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM known; END");
  }
  SUBCASE("a table that lacks a check") {
    Execute(dir.file(), "DROP TABLE used_plan; CREATE TABLE used_plan (name TEXT, at INTEGER)");
  }
  std::filesystem::remove(dir.file().string() + "-wal");
  std::filesystem::remove(dir.file().string() + "-shm");
  CheckRefusedUntouched(dir, ExitCode::kError, "its tables are not those that ucaas-sync makes");
}

TEST_CASE("what SQLite's own tools add, statistics, is no reason to refuse a state") {
  const TemporaryDirectory dir;
  MakeClosedState(dir);
  Execute(dir.file(), "ANALYZE; VACUUM");
  CHECK(OpenForTest(dir)->Check().empty());
}

TEST_CASE("the check finds what no run could read, row by row, and goes on") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1"), User("E2")});
  const auto broken_by = [&](const std::string& sql, std::string_view says) {
    CAPTURE(sql);
    Execute(dir.file(), sql);
    const auto problems = OpenForTest(dir, OpenMode::kReadOnly)->Check();
    const bool is_found = std::any_of(problems.begin(), problems.end(), [&](const std::string& problem) {
      return problem.find(says) != std::string::npos && problem.find("state check") == std::string::npos;
    });
    CHECK(is_found);
  };
  broken_by("UPDATE entity SET fields = '{' WHERE key = 'E1'", "entity 1 cannot be read");
  broken_by("UPDATE operation SET changes = '['", "cannot read a run's operations");
  broken_by("INSERT INTO due VALUES (1, 9, 3, 'E1', 0, '')", "cannot read what is due");
  broken_by("INSERT INTO drift VALUES (2, 0, 'x', NULL)", "cannot read what differs at the target");
  for (const char* time : {"-9223372036854775808", "-62167219200001", "253402300800000", "9223372036854775807"}) {
    broken_by("INSERT OR REPLACE INTO absence (entity_id, since, reads) VALUES (2, " + std::string(time) + ", 1)",
              "cannot read the absences: a time that no clock shows");
  }
  broken_by("UPDATE known SET flags = flags + 32000", "source 1000 has no name");
}

TEST_CASE("a state of a newer version is refused, naming the program that wrote it") {
  const TemporaryDirectory dir;
  OpenForTest(dir);
  Execute(dir.file(), "PRAGMA user_version = 9999; UPDATE meta SET written_by = '7.0.1'");
  for (const OpenMode mode : {OpenMode::kReadWrite, OpenMode::kReadOnly}) {
    const Failure failure = FailureOf([&] { OpenForTest(dir, mode); });
    CHECK(failure.code() == ExitCode::kConfig);
    CHECK(Says(failure, "7.0.1"));
    CHECK(Says(failure, "1.2.3"));
  }
}

TEST_CASE("the log of a state that was moved away alone does not come to life in a new one") {
  const TemporaryDirectory dir;
  OpenForTest(dir);
  std::filesystem::remove(dir.file());
  Spill(dir.file().string() + "-wal", "left over");
  const Failure failure = FailureOf([&] { OpenForTest(dir); });
  CHECK(failure.code() == ExitCode::kConfig);
  CHECK(Says(failure, "state.db-wal"));
}

TEST_CASE("migrations run from their predecessor, all or none") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1")});
  CHECK(Migrations().front().version == 1);
  for (std::size_t i = 1; i < Migrations().size(); ++i) {
    CHECK(Migrations()[i].version == Migrations()[i - 1].version + 1);
  }
  const int newest = Migrations().back().version;
  std::vector<Migration> next(Migrations().begin(), Migrations().end());
  next.push_back({.version = newest + 1, .sql = "ALTER TABLE entity ADD COLUMN note TEXT"});
  next.push_back({.version = newest + 2, .sql = "UPDATE entity SET note = key; CREATE TABLE nonsense ("});
  Connection connection(dir.file(), SQLite::OPEN_READWRITE, 1000);
  CHECK_THROWS_AS(Migrate(connection, next), StateFailure);
  CHECK(SchemaVersion(connection) == newest);
  next.back().sql = "UPDATE entity SET note = key";
  Migrate(connection, next);
  CHECK(SchemaVersion(connection) == newest + 2);
  CHECK(connection.database().execAndGet("SELECT note FROM entity").getString() == "E1");
  Migrate(connection, next);
  RefuseNewer(connection, next, "1.2.3");
  CHECK_THROWS_AS(RefuseNewer(connection, Migrations(), "1.2.3"), StateFailure);
}

TEST_CASE("a state belongs to one account") {
  const TemporaryDirectory dir;
  OpenForTest(dir)->Bind("https://one.example/", "id-1");
  const auto store = OpenForTest(dir);
  store->Bind("https://one.example/", "id-1");
  const Failure elsewhere = FailureOf([&] { store->Bind("https://two.example/", "id-1"); });
  CHECK(elsewhere.code() == ExitCode::kConfig);
  CHECK(Says(elsewhere, "https://one.example/"));
  CHECK(Says(elsewhere, "https://two.example/"));
  CHECK(Says(elsewhere, "state_dir of its own"));
  const Failure another = FailureOf([&] { store->Bind("https://one.example/", "id-2"); });
  CHECK(another.code() == ExitCode::kConfig);
  CHECK(Says(another, "id-2"));
  CHECK_THROWS_AS(OpenForTest(dir, OpenMode::kReadOnly)->Bind("https://two.example/", "id-1"), StateFailure);
}

TEST_CASE("a full disk is said in words, and what was recorded is kept") {
  const TemporaryDirectory dir;
  {
    const auto store = OpenForTest(dir);
    RunOf(*store, {User("E1")});
  }
  Connection connection(dir.file(), SQLite::OPEN_READWRITE, 1000);
  connection.database().exec("PRAGMA max_page_count = 1");
  const Failure failure = FailureOf([&] {
    connection.Guard("record outcomes",
                     [&] { connection.database().exec("CREATE TABLE big AS SELECT zeroblob(1000000)"); });
  });
  CHECK(failure.code() == ExitCode::kError);
  CHECK(Says(failure, "disk is full"));
  CHECK(Says(failure, dir.file().string()));
  CHECK(OpenForTest(dir)->CountKnown() == 1);
}

TEST_CASE("a writer that never ends its commit makes the next one busy, not wrong") {
  const TemporaryDirectory dir;
  const auto store = OpenStore(dir.state(), OpenMode::kReadWrite, {.program_version = "1", .busy_timeout_ms = 20});
  SQLite::Database other(dir.file().string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  CHECK(FailureOf([&] { store->MarkPlanUsed("p", At(0)); }).code() == ExitCode::kBusy);
  other.exec("ROLLBACK");
  store->MarkPlanUsed("p", At(0));
  CHECK(store->PlanWasUsed("p"));
}

TEST_CASE("the check names what contradicts itself") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1"), User("E2"), Group("G")});
  CHECK(OpenForTest(dir)->Check().empty());
  const std::array<std::pair<const char*, const char*>, 5> wrongs{{
      {"UPDATE known SET flags = flags + 4 WHERE id = 1", "differ from the narrow table"},
      {"UPDATE known SET key_hash = zeroblob(16) WHERE id = 2", "digest of the key E2"},
      {"UPDATE entity SET lifecycle = 2 WHERE id = 1", "remote id"},
      {"INSERT INTO membership VALUES (1, 2)", "contact and a group"},
      {"PRAGMA foreign_keys = OFF; INSERT INTO absence VALUES (77, 0, 1)", "is not there"},
  }};
  for (const auto& [sql, text] : wrongs) {
    Execute(dir.file(), sql);
    bool said = false;
    for (const std::string& problem : OpenForTest(dir)->Check()) said = said || problem.find(text) != std::string::npos;
    const auto& this_text = text;
    CAPTURE(this_text);
    CHECK(said);
  }
}

TEST_CASE("a backup is one sound file of one moment, and never replaces another") {
  const TemporaryDirectory dir;
  const TemporaryDirectory other;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  std::filesystem::create_directory(other.state());
  std::filesystem::permissions(other.state(), std::filesystem::perms::owner_all);
  store->Backup(other.file());
  CHECK(ModeOf(other.file()) == 0600);
  CHECK(Listing(other.state()) == std::vector<std::string>{"state.db"});
  CHECK(FailureOf([&] { store->Backup(other.file()); }).code() == ExitCode::kError);
  const auto copy = OpenForTest(other);
  CHECK(copy->CountKnown() == 2);
  CHECK(copy->Check().empty());
}

}  // namespace ucaas_sync::state
