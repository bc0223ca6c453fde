#include "connectors/bytes/file_stream.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "connectors/bytes/file_pattern.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::bytes {
namespace {

using testing::TemporaryFolder;

std::string ReadAll(ByteStream& stream) {
  std::string all;
  std::array<char, 7> block{};
  while (const std::size_t count = stream.Read(block)) all.append(block.data(), count);
  return all;
}

std::string Refusal(const std::string& path) {
  try {
    FileStream stream(path);
  } catch (const SourceFailure& failure) {
    return failure.what();
  }
  return "opened";
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file that nobody touches is read whole") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("a.csv", "some twenty bytes of text");
  FileStream stream(path);
  CHECK(ReadAll(stream) == "some twenty bytes of text");
  CHECK_FALSE(stream.Finish().has_value());
  CHECK(stream.identity() == Identify(path));
  CHECK(stream.identity().size == 25);
}

TEST_CASE("a file that changes while it is read is incomplete, and how it changed is said") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("a.csv", "0123456789");
  folder.SetAge("a.csv", std::chrono::hours(1));
  FileStream stream(path);
  std::array<char, 4> block{};
  CHECK(stream.Read(block) == 4);

  SUBCASE("it grows") {
    folder.Append("a.csv", "more");
    ReadAll(stream);
    CHECK(Has(stream.Finish().value().what, "grew while it was read, from 10 to 14 bytes"));
  }
  SUBCASE("it is truncated") {
    std::filesystem::resize_file(path, 6);
    ReadAll(stream);
    CHECK(Has(stream.Finish().value().what, "shrank while it was read, from 10 to 6 bytes"));
  }
  SUBCASE("it is replaced") {
    folder.Write("b.csv", "0123456789");
    std::filesystem::rename(folder.Path("b.csv"), path);
    ReadAll(stream);
    CHECK(Has(stream.Finish().value().what, "replaced"));
  }
  SUBCASE("it is removed") {
    std::filesystem::remove(path);
    ReadAll(stream);
    CHECK(Has(stream.Finish().value().what, "removed"));
  }
  SUBCASE("it is written with as many bytes") {
    folder.Write("a.csv", "9876543210");
    ReadAll(stream);
    CHECK(Has(stream.Finish().value().what, "was written while it was read"));
  }
  SUBCASE("it is left alone, but not read to its end") {
    CHECK(Has(stream.Finish().value().what, "only 4 of 10 bytes"));
  }
}

TEST_CASE("what is no readable regular file is refused, and why is said") {
  const TemporaryFolder folder;
  CHECK(Has(Refusal(folder.Path("none.csv")), "none.csv: there is no such file"));
  CHECK(Has(Refusal(folder.Path("")), "folder, not a file"));
  REQUIRE(::mkfifo(folder.Path("pipe").c_str(), 0600) == 0);
  CHECK(Has(Refusal(folder.Path("pipe")), "pipe, not a file"));  // and opening it did not wait for a writer
  if (::geteuid() != 0) {
    folder.Write("secret.csv", "x");
    ::chmod(folder.Path("secret.csv").c_str(), 0);
    CHECK(Has(Refusal(folder.Path("secret.csv")), "may not be read"));
  }
}

TEST_CASE("a pattern names the regular files that match, and the newest is by time, then by name") {
  const TemporaryFolder folder;
  for (const char* name : {"people-1.csv", "people-2.csv", "people-3.csv", ".people-4.csv", "other.csv"}) {
    folder.Write(name, "x");
    folder.SetAge(name, std::chrono::hours(5));
  }
  std::filesystem::create_directory(folder.Path("people-5.csv"));
  std::vector<FileIdentity> files = FilesMatching(folder.Path("people-*.csv"));
  REQUIRE(files.size() == 3);
  CHECK(files[0].path == folder.Path("people-1.csv"));
  CHECK(files[2].path == folder.Path("people-3.csv"));
  for (FileIdentity& file : files) file.mtime_ns = files[0].mtime_ns;
  CHECK(Newest(files).path == folder.Path("people-3.csv"));
  files[1].mtime_ns += 1;
  CHECK(Newest(files).path == folder.Path("people-2.csv"));

  CHECK_THROWS_WITH_AS(FilesMatching(folder.Path("nobody-*.csv")), doctest::Contains("no file matches"), SourceFailure);
  CHECK_THROWS_WITH_AS(FilesMatching("/tmp/*/people.csv"), doctest::Contains("folder part"), SourceFailure);
  CHECK_THROWS_WITH_AS(FilesMatching(folder.Path("gone/*.csv")), doctest::Contains("cannot be listed"), SourceFailure);
}

}  // namespace ucaas_sync::bytes
