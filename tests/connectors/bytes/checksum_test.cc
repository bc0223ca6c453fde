#include "connectors/bytes/checksum.h"

#include <doctest/doctest.h>

#include <chrono>

#include "connectors/bytes/file_pattern.h"
#include "connectors/bytes/file_stream.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::bytes {
namespace {

using testing::TemporaryFolder;

const std::string kDigest = Sha256Hex("id\n1\n");
const std::string kOther = Sha256Hex("something else");

std::string Check(const std::string& path) {
  const auto problem = CheckWholeFile(path);
  return problem ? problem->ToString() : "";
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a checksum file is read as sha256sum writes it, or as a digest alone") {
  CHECK(*ParseChecksum(kDigest + "  people.csv\n", "people.csv") == kDigest);
  CHECK(*ParseChecksum(kDigest + " *people.csv\r\n", "people.csv") == kDigest);
  CHECK(*ParseChecksum(kDigest, "people.csv") == kDigest);
  CHECK(*ParseChecksum("\xEF\xBB\xBF" + kDigest + "\n", "people.csv") == kDigest);
  CHECK(*ParseChecksum('\\' + kDigest + "  peo\\\\ple.csv\n", "people.csv") == kDigest);
  CHECK(*ParseChecksum(std::string(64, 'A'), "people.csv") == std::string(64, 'a'));
}

TEST_CASE("of several lines the one with the file's name counts, of one line the name does not matter") {
  const std::string two = kOther + "  left.csv\n" + kDigest + "  /srv/hr/people.csv\n";
  CHECK(*ParseChecksum(two, "people.csv") == kDigest);
  CHECK_FALSE(ParseChecksum(two, "absent.csv"));
  CHECK(*ParseChecksum(kDigest + "  people.csv.part\n", "people.csv") == kDigest);
}

TEST_CASE("what is no digest is none") {
  for (const std::string& text : {std::string(), std::string("\n"), std::string("people.csv"), kDigest.substr(1),
                                  kDigest + "0", std::string(64, 'g'), std::string("MD5 (people.csv) = 1234")}) {
    CAPTURE(text);
    CHECK_FALSE(ParseChecksum(text, "people.csv"));
  }
}

TEST_CASE("a file whose content fits its checksum is whole, whatever their ages") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n1\n");
  CHECK_FALSE(HasChecksum(path));
  folder.Write("people.csv.sha256", kDigest + "  people.csv\n");
  CHECK(HasChecksum(path));
  CHECK(Check(path) == "");
  folder.SetAge("people.csv.sha256", std::chrono::hours(5));
  CHECK(Check(path) == "");
}

TEST_CASE("a content that does not fit says what was found, and whether the checksum is of an earlier export") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n1\n2\n");
  folder.Write("people.csv.sha256", kDigest + "  people.csv\n");
  CHECK(Has(Check(path), "people.csv: the content does not fit the checksum in "));
  CHECK(Has(Check(path), "the checksum says " + kDigest.substr(0, 12)));
  CHECK(Has(Check(path), "was not copied whole, or was changed"));
  folder.SetAge("people.csv.sha256", std::chrono::hours(5));
  CHECK(Has(Check(path), "older than the file, so it may be that of the export before"));
}

TEST_CASE("a checksum file that is empty or says nothing of the file is a problem of its own") {
  const TemporaryFolder folder;
  const std::string path = folder.Write("people.csv", "id\n1\n");
  folder.Write("people.csv.sha256", "");
  CHECK(Has(Check(path), "people.csv.sha256: the checksum file is empty"));
  folder.Write("people.csv.sha256", "soon\n");
  CHECK(Has(Check(path), "people.csv.sha256:1: the checksum file has no line \"SHA-256  people.csv\""));
}

TEST_CASE("a pattern for exports does not pick the checksums beside them") {
  const TemporaryFolder folder;
  folder.Write("people-1.csv", "id\n");
  folder.Write("people-1.csv.sha256", "x");
  CHECK(FilesMatching(folder.Path("people*")).size() == 1);
  CHECK(FilesMatching(folder.Path("*.sha256")).size() == 1);
}

}  // namespace ucaas_sync::bytes
