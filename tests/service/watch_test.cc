#include "daemon/service/watch.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

namespace ucaas_sync::service {
namespace {

namespace fs = std::filesystem;

/// Goes with all that is in it.
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "ucaas-sync-watch-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }

  std::string Path(const std::string& name) const { return (path / name).string(); }
  void Write(const std::string& name) const { std::ofstream(path / name) << "text"; }
};

}  // namespace

TEST_CASE("a file that is written, replaced, or has its digest beside it stirs, its neighbours do not") {
  const Folder folder;
  Watch watch({folder.Path("people.csv"), folder.Path("staff-*.ldif")});
  CHECK(watch.unwatched().empty());
  CHECK_FALSE(watch.Drain());
  folder.Write("people.csv.part");
  CHECK_FALSE(watch.Drain());
  fs::rename(folder.path / "people.csv.part", folder.path / "people.csv");
  CHECK(watch.Drain());
  folder.Write("people.csv.sha256");
  CHECK(watch.Drain());
  folder.Write("staff-2.ldif");
  CHECK(watch.Drain());
  CHECK_FALSE(watch.Drain());
}

TEST_CASE("a folder that has two names is watched for the files under both") {
  const Folder folder;
  fs::create_directory(folder.path / "exports");
  fs::create_directory_symlink(folder.path / "exports", folder.path / "hr");
  Watch watch({folder.Path("exports/people.csv"), folder.Path("hr/groups.csv")});
  folder.Write("exports/people.csv");
  CHECK(watch.Drain());
  folder.Write("exports/groups.csv");
  CHECK(watch.Drain());
  fs::remove_all(folder.path / "exports");
  CHECK(watch.Drain());
  CHECK(watch.unwatched().size() == 2);
}

TEST_CASE("a folder that is not there is told, and watched once it has come") {
  const Folder folder;
  Watch watch({folder.Path("late/people.csv")});
  CHECK(watch.unwatched().contains(folder.Path("late")));
  fs::create_directory(folder.path / "late");
  watch.Repair();
  CHECK(watch.unwatched().empty());
  folder.Write("late/people.csv");
  CHECK(watch.Drain());
}

}  // namespace ucaas_sync::service
