// Spill files on a real disk.
#include "connectors/bytes/unlinked_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "daemon/model/problem.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::bytes {
namespace {

using testing::TemporaryFolder;

std::filesystem::path In(const TemporaryFolder& folder) {
  return folder.Path("");
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string ReadBack(const SpillFile& file, std::uint64_t place, std::size_t size) {
  std::string bytes(size, '?');
  file.ReadAt(place, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a spill file has no name, and gives back what it was given") {
  const TemporaryFolder folder;
  const auto file = UnlinkedFile::In(In(folder));
  REQUIRE(file != nullptr);
  CHECK(std::filesystem::is_empty(In(folder)));
  const std::string large(300'000, 'x');
  CHECK(file->Append("first") == 0);
  CHECK(file->Append(large) == 5);
  CHECK(file->Append("last") == 300'005);
  CHECK(ReadBack(*file, 300'005, 4) == "last");
  CHECK(ReadBack(*file, 0, 6) == "firstx");
  CHECK(ReadBack(*file, 5, 300'000) == large);
  CHECK(std::filesystem::is_empty(In(folder)));
}

TEST_CASE("asking for more than was written is an error, not nonsense") {
  const TemporaryFolder folder;
  const auto file = UnlinkedFile::In(In(folder));
  REQUIRE(file != nullptr);
  CHECK(file->Append("short") == 0);
  CHECK_THROWS_AS(ReadBack(*file, 0, 6), Failure);
}

TEST_CASE("a spill file leaves room on the disk for others") {
  const TemporaryFolder folder;
  const auto file = UnlinkedFile::In(In(folder), std::uint64_t{1} << 60U);
  REQUIRE(file != nullptr);
  CHECK_FALSE(file->Append("one byte is too much"));
}

TEST_CASE("what lies on the disk tells nothing of what was spilled, and twice the same is not the same there") {
  const TemporaryFolder folder;
  const int descriptor = ::open(folder.Path("spill").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(descriptor >= 0);
  UnlinkedFile file(UniqueFd(descriptor), UnlinkedFile::Key{1, 2, 3}, 0);
  const std::string secret = "hunter2, Ada Lovelace and a text that is longer than a block of the cipher";
  std::set<std::string> on_disk;
  std::uint64_t place = 0;
  for (int i = 0; i < 40; ++i) {  // at every place within a block
    CHECK(file.Append(secret) == place);
    CHECK(ReadBack(file, place, secret.size()) == secret);
    CHECK(ReadBack(file, place + 9, 12) == secret.substr(9, 12));
    const std::string bytes = ReadFile(folder.Path("spill")).substr(place);
    CHECK(bytes.size() == secret.size());
    CHECK(bytes.find("hunter2") == std::string::npos);
    CHECK(on_disk.insert(bytes).second);
    place += secret.size();
  }
}

TEST_CASE("without room a spill file takes nothing, and keeps what it has") {
  const TemporaryFolder folder;
  const auto file = UnlinkedFile::In(In(folder));
  REQUIRE(file != nullptr);
  CHECK(file->Append("kept") == 0);
  {
    const testing::FileSizeLimit limit(100'000);
    CHECK_FALSE(file->Append(std::string(200'000, 'x')));
  }
  CHECK(ReadBack(*file, 0, 4) == "kept");
  const std::optional<std::uint64_t> place = file->Append("more");
  REQUIRE(place);
  CHECK(ReadBack(*file, *place, 4) == "more");
}

TEST_CASE("the first folder that takes a spill file gets it, and none is no failure") {
  const TemporaryFolder folder;
  const std::filesystem::path missing = folder.Path("missing");
  CHECK(UnlinkedFilesIn({missing, In(folder)})() != nullptr);
  CHECK(UnlinkedFilesIn({missing})() == nullptr);
  CHECK_FALSE(std::filesystem::exists(missing));
}

}  // namespace ucaas_sync::bytes
