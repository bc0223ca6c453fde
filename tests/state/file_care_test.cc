#include "daemon/state/file_care.h"

#include <fstream>

#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::uint64_t kAny = 1;

// A few runs of many people, of which the journal then keeps one.
void FillAndTidy(SqliteStore& store) {
  for (int day = 0; day < 16; ++day) {
    std::vector<StoredEntity> people;
    for (int i = 0; i < 300; ++i) people.push_back(User("E" + std::to_string(i)));
    RunOf(store, people, day == 0 ? Action::kCreate : Action::kUpdate, ExitCode::kConverged, At(day * kDay));
  }
  store.RemoveOldRuns(At(400 * kDay), 1'000'000);
}

}  // namespace

TEST_CASE("a file that old runs have left is made smaller, while it is open, and nothing is lost") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  FillAndTidy(*store);
  REQUIRE(store->Runs(9).size() == 1);
  const auto done = Compact(dir.state(), kAny);
  REQUIRE(done);
  CHECK(2 * done->after <= done->before);
  CHECK(std::filesystem::file_size(dir.file()) == done->after);
  CHECK(std::filesystem::file_size(dir.file().string() + "-wal") == 0);
  CHECK(store->CountKnown() == 300);
  CHECK(store->Check().empty());
  RunOf(*store, {User("N1")}, Action::kCreate, ExitCode::kConverged, At(500 * kDay));
  CHECK(OpenForTest(dir, OpenMode::kReadOnly)->CountKnown() == 301);
}

TEST_CASE("whoever reads meanwhile goes on with what was there, and is not waited for") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  FillAndTidy(*store);
  std::uint64_t after = 0;
  {
    const auto reader = OpenForTest(dir, OpenMode::kReadOnly);
    REQUIRE(reader->CountKnown() == 300);
    const auto done = Compact(dir.state(), kAny);
    REQUIRE(done);
    after = done->after;
    RunOf(*store, {User("N1")}, Action::kCreate, ExitCode::kConverged, At(500 * kDay));
    CHECK(reader->CountKnown() == 300);
    CHECK(reader->Check().empty());
  }
  CHECK(OpenForTest(dir, OpenMode::kReadOnly)->CountKnown() == 301);
  // The log is written back when nobody reads what was before.
  RunOf(*store, {User("N2")}, Action::kCreate, ExitCode::kConverged, At(501 * kDay));
  constexpr std::uint64_t kTwoPeople = 256 * 1024;
  CHECK(std::filesystem::file_size(dir.file()) <= after + kTwoPeople);
  CHECK(store->Check().empty());
}

TEST_CASE("a file that is mostly used, or small, is left alone") {
  const TemporaryDirectory dir;
  CHECK_FALSE(Compact(dir.state(), kAny));
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  const auto before = Slurp(dir.file());
  CHECK_FALSE(Compact(dir.state(), kAny));
  FillAndTidy(*store);
  CHECK_FALSE(Compact(dir.state()));
  CHECK(Compact(dir.state(), kAny));
  CHECK_FALSE(Compact(dir.state(), kAny));
}

TEST_CASE("damage is found in the file's pages, and a state that is well or not there has none") {
  const TemporaryDirectory dir;
  CHECK_NOTHROW(RequireSound(dir.state()));
  {
    const auto store = OpenForTest(dir);
    FillAndTidy(*store);
    CHECK_NOTHROW(RequireSound(dir.state()));
  }
  std::fstream file(dir.file(), std::ios::in | std::ios::out | std::ios::binary);
  constexpr std::streamoff kPage = 4096;
  file.seekp(3 * kPage);
  file << std::string(kPage, '\xA5');
  file.close();
  CHECK_THROWS_WITH_AS(RequireSound(dir.state()), doctest::Contains("ucaas-sync state rebuild"), StateFailure);
}

TEST_CASE("a log, or a directory, that cannot even be looked at is said as a failure of the state") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1")});
  const std::filesystem::path path = dir.file();
  SUBCASE("the log") {
    for (const char* end : {"-wal", "-shm"}) std::filesystem::remove(path.string() + end);
    std::filesystem::create_symlink(path.string() + "-wal", path.string() + "-wal");
    CHECK_THROWS_AS(OpenForTest(dir, OpenMode::kReadOnly), StateFailure);
  }
  SUBCASE("the directory") {
    const std::filesystem::path loop = dir.path() / "loop";
    std::filesystem::create_symlink("loop", loop);
    CHECK_THROWS_AS(RequireSound(loop), StateFailure);
    CHECK_THROWS_AS(Compact(loop, 0), StateFailure);
  }
}

}  // namespace ucaas_sync::state
