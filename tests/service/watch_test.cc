#include "daemon/service/watch.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace ucaas_sync::service {
namespace {

namespace fs = std::filesystem;

std::string In(const testing::TemporaryFolder& folder, const std::string& name) {
  return (folder / name).string();
}

void Write(const testing::TemporaryFolder& folder, const std::string& name) {
  std::ofstream(folder / name) << "text";
}

}  // namespace

TEST_CASE("a file that is written, replaced, or has its digest beside it stirs, its neighbours do not") {
  const testing::TemporaryFolder folder;
  Watch watch({In(folder, "people.csv"), In(folder, "staff-*.ldif")});
  CHECK(watch.unwatched().empty());
  CHECK_FALSE(watch.Drain());
  Write(folder, "people.csv.part");
  CHECK_FALSE(watch.Drain());
  fs::rename(folder / "people.csv.part", folder / "people.csv");
  CHECK(watch.Drain());
  Write(folder, "people.csv.sha256");
  CHECK(watch.Drain());
  Write(folder, "staff-2.ldif");
  CHECK(watch.Drain());
  CHECK_FALSE(watch.Drain());
}

TEST_CASE("a folder that has two names is watched for the files under both") {
  const testing::TemporaryFolder folder;
  fs::create_directory(folder / "exports");
  fs::create_directory_symlink(folder / "exports", folder / "hr");
  Watch watch({In(folder, "exports/people.csv"), In(folder, "hr/groups.csv")});
  Write(folder, "exports/people.csv");
  CHECK(watch.Drain());
  Write(folder, "exports/groups.csv");
  CHECK(watch.Drain());
  fs::remove_all(folder / "exports");
  CHECK(watch.Drain());
  CHECK(watch.unwatched().size() == 2);
}

TEST_CASE("a folder that is not there is told, and watched once it has come") {
  const testing::TemporaryFolder folder;
  Watch watch({In(folder, "late/people.csv")});
  CHECK(watch.unwatched().contains(In(folder, "late")));
  fs::create_directory(folder / "late");
  watch.Repair();
  CHECK(watch.unwatched().empty());
  Write(folder, "late/people.csv");
  CHECK(watch.Drain());
}

}  // namespace ucaas_sync::service
