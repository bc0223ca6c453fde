// What a broken file gets: a clear error with its line and what to do, the right exit code, and no write.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

const std::string kLdifConfig = R"(state_dir: state
target: { sandbox: account.db }
sources:
  directory: { ldif: people.ldif, key: uid }
users:
  from: directory
  fields: { user_type: moderator, first_name: "{givenName}", last_name: "{sn}", email: "{mail}" }
)";

std::string LdifOf(int count) {
  std::string text = "version: 1\n\n";
  for (int i = 1; i <= count; ++i) {
    const std::string uid = "u" + std::to_string(i);
    text += "dn: uid=" + uid + ",dc=example\nuid: " + uid + "\ngivenName: Ada\nsn: S" + uid + "\nmail: " + uid +
            "@example.com\n\n";
  }
  return text;
}

/// How far the process has read in the file that it has open at `path`; -1 while it has not.
long long ReadPosition(pid_t pid, const std::string& path) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(process + "/fd", error)) {
    if (std::filesystem::read_symlink(entry.path(), error) != path) continue;
    std::ifstream info(process + "/fdinfo/" + entry.path().filename().string());
    std::string word;
    long long position = -1;
    if (info >> word >> position) return position;
  }
  return -1;
}

/// Stops a sync in the middle of reading people.csv, does something to the file, and lets it go on.
Output SyncWhile(Company& company, const std::function<void()>& happens) {
  const auto size = static_cast<long long>(std::filesystem::file_size(company.folder() / "people.csv"));
  constexpr int kTries = 50;
  for (int i = 0; i < kTries; ++i) {
    Child child = company.Start({"sync"});
    long long position = -1;
    while (position <= 0 && kill(child.pid(), 0) == 0) {
      position = ReadPosition(child.pid(), company.Path("people.csv"));
      if (position < 0 && !std::filesystem::exists("/proc/" + std::to_string(child.pid()) + "/fd/0")) break;
    }
    child.Signal(SIGSTOP);
    position = ReadPosition(child.pid(), company.Path("people.csv"));
    const bool in_the_middle = position > 0 && position < size * 9 / 10;
    if (in_the_middle) happens();
    child.Signal(SIGCONT);
    Output output = child.Wait();
    if (in_the_middle) return output;
  }
  FAIL("the sync was never caught in the middle of its reading");
  return {};
}

/// The same people with so long titles that reading takes a while.
std::string LargeCsv() {
  auto people = CompanyPeople(15);
  const std::string title(200, 'x');
  people.reserve(200'000);
  for (int i = 16; i <= 150'000; ++i) {
    people.push_back(people.front());
    people.back().title = title;
  }
  return CsvOf(people);
}

}  // namespace

TEST_CASE("an empty file is refused, and nobody leaves") {
  Company company(15);
  company.ExpectRefused("", {company.Path("people.csv:1"), "the file is empty", "check whether the export has run"});
}

TEST_CASE("a heading alone is refused, and nobody leaves") {
  Company company(15);
  company.ExpectRefused(CompanyCsv(0), {company.Path("people.csv:1"), "not a single row", "check whether"});
}

TEST_CASE("a row of the wrong width freezes its person, who would otherwise be changed or leave") {
  for (const std::string_view change : {"Legal", "Board", "terminated"}) {
    CAPTURE(change);
    Company company(15);
    auto people = CompanyPeople(15);
    (change == "terminated" ? people[2].status : people[2].department) = change;
    const std::string healed = CsvOf(people);
    company.Write("people.csv", Replaced(healed, "E3,Dmitri,", "E3,Dmitri,,"));
    company.ExpectNoWrite(4, {company.Path("people.csv:4"), "8 fields", "7", "record hr:4"});
    company.ExpectNoWrite(0, {"nothing to do"});
    company.Write("people.csv", healed);
    Expect(company.Run({"sync"}), 0, {"2 operations done"});
  }
}

TEST_CASE("a row that is too short freezes its person too") {
  Company company(15);
  company.Write("people.csv", Replaced(CompanyCsv(15), "E3,Dmitri,", "E3,"));
  company.ExpectNoWrite(4, {company.Path("people.csv:4"), "6 fields", "7"});
}

TEST_CASE("a quote that is never closed is refused with the line that opens it") {
  Company company(15);
  company.ExpectRefused(Replaced(CompanyCsv(15), "\"Engineer, grade 0\",active\r\n", "Engineer\",active\r\n") +
                            "E16,Ada,Last,last@example.com,Sales,\"Engineer,active\r\n",
                        {company.Path("people.csv:17"), "quote", "never closed", "not doubled"});
}

TEST_CASE("a quote left open in the middle freezes whoever it swallowed") {
  Company company(15);
  company.Write("people.csv", Replaced(CompanyCsv(15), "grade 0\",active", "grade 0,active"));
  company.ExpectNoWrite(4, {company.Path("people.csv:4"), "quote"});
}

TEST_CASE("a file cut anywhere in a row is refused with its line, and nobody leaves") {
  Company company(15);
  const std::string whole = CompanyCsv(15);
  const std::string start = Lines(whole, 1, 9);
  const std::string row = Lines(whole, 10, 10);
  company.ExpectRefused(start + row.substr(0, 1), {company.Path("people.csv:10"), "the file was cut", "again"});
  company.ExpectRefused(start + row.substr(0, row.find("person9@") + 9),
                        {company.Path("people.csv:10"), "the file ends inside this row", "the file was cut"});
  company.ExpectRefused(start + row.substr(0, row.find('"') + 5),
                        {company.Path("people.csv:10"), "quote", "never closed", "the file is cut"});
}

TEST_CASE("a file cut in its last field is refused, because a shorter word looks like a whole one") {
  Company company(15);
  const std::string whole = CompanyCsv(15);
  company.ExpectRefused(whole.substr(0, whole.size() - 5),
                        {company.Path("people.csv:16"), "no newline at its end", "final_newline: optional"});
  company.ExpectRefused(whole.substr(0, whole.size() - 2), {company.Path("people.csv:16"), "no newline at its end"});
}

TEST_CASE("final_newline: optional takes a file without one") {
  Company company(15);
  company.Write("config.yaml",
                Replaced(CompanyConfig(), "key: employee_id }", "key: employee_id, final_newline: optional }"));
  const std::string whole = CompanyCsv(15);
  company.Write("people.csv", whole.substr(0, whole.size() - 2));
  company.ExpectNoWrite(0, {"converged"});
}

TEST_CASE("an LDIF file cut in mid-record is refused with the record's line, and nobody leaves") {
  Cli cli;
  cli.Write("config.yaml", kLdifConfig);
  const std::string whole = LdifOf(15);
  cli.Write("people.ldif", whole);
  Expect(cli.Run({"sync"}), 0, {"15 operations done"});
  const std::string before = cli.Everything();
  const std::size_t record = whole.find("dn: uid=u9,");
  for (const std::size_t more : {6U, 20U, 40U, 64U}) {
    CAPTURE(more);
    cli.Write("people.ldif", whole.substr(0, record + more));
    Expect(cli.Run({"sync"}), 5, {cli.Path("people.ldif:"), "nothing was written"});
    CHECK(cli.Everything() == before);
  }
}

TEST_CASE("a file that is truncated while it is read is refused") {
  Company company(15);
  const std::string large = LargeCsv();
  company.Write("people.csv", large);
  const std::string before = company.Everything();
  const Output output =
      SyncWhile(company, [&] { std::filesystem::resize_file(company.folder() / "people.csv", 4000); });
  Expect(output, 5, {company.Path("people.csv"), "nothing was written"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a file that another one takes the place of while it is read is refused") {
  Company company(15);
  company.Write("people.csv", LargeCsv());
  const std::string before = company.Everything();
  const Output output = SyncWhile(company, [&] {
    company.Write("next.csv", CompanyCsv(12));
    std::filesystem::rename(company.folder() / "next.csv", company.folder() / "people.csv");
  });
  Expect(output, 5, {company.Path("people.csv"), "nothing was written"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a file that is written to while it is read is refused") {
  Company company(15);
  company.Write("people.csv", LargeCsv());
  const std::string before = company.Everything();
  const Output output = SyncWhile(company, [&] {
    std::ofstream(company.folder() / "people.csv", std::ios::app) << "E16,Ada,Late,late@example.com,Sales,,active\r\n";
  });
  Expect(output, 5, {company.Path("people.csv"), "nothing was written"});
  CHECK(company.Everything() == before);
}

TEST_CASE("Latin-1 where UTF-8 is expected is refused with the byte's place and the key to write") {
  Company company(15);
  company.ExpectRefused(Replaced(CompanyCsv(15), "Bj\xC3\xB6rn", "Bj\xF6rn"),
                        {company.Path("people.csv:2:6"), "byte 0xF6 is not UTF-8", "encoding: windows-1252"});
}

TEST_CASE("a NUL byte is refused with its line") {
  Company company(15);
  company.ExpectRefused(Replaced(CompanyCsv(15), "Person4,", std::string("Per\0on4,", 8)),
                        {company.Path("people.csv:5"), "NUL byte", "damaged"});
}

TEST_CASE("a byte-order mark is not part of the first heading") {
  Company company(15);
  company.Write("people.csv", "\xEF\xBB\xBF" + CompanyCsv(15));
  company.ExpectNoWrite(0, {"15 records"});
}

TEST_CASE("UTF-16 with a byte-order mark is read as what it says") {
  for (const bool big_endian : {false, true}) {
    Company company(15);
    company.Write("utf8.csv", CompanyCsv(15));
    const std::string to = big_endian ? "UTF-16BE" : "UTF-16LE";
    const std::string mark = big_endian ? "'\\376\\377'" : "'\\377\\376'";
    Child iconv(company.folder(),
                {"/bin/sh", "-c", "(printf " + mark + "; iconv -f utf-8 -t " + to + " utf8.csv) > people.csv"},
                {"PATH=/usr/bin:/bin"});
    Expect(iconv.Wait(), 0);
    company.ExpectNoWrite(0, {"15 records"});
  }
}

TEST_CASE("a field of 50 MB is refused with its line") {
  Company company(15);
  company.ExpectRefused(Replaced(CompanyCsv(15), "Person5,", '"' + std::string(50'000'000, 'x') + "\","),
                        {company.Path("people.csv:6"), "longer than 16,777,216 bytes", "never closed"});
}

TEST_CASE("a command that fails after half its output is refused, whatever it wrote") {
  Company company(15);
  const auto with = [](const std::string& script) {
    return Replaced(CompanyConfig(), "csv: people.csv,",
                    "csv: people.csv, command: [sh, -c, \"" + script + "\", \"{file}\"],");
  };
  company.Write("config.yaml", with("cat $0"));
  company.ExpectNoWrite(0, {"15 records"});
  company.Write("config.yaml", with("head -n 8 $0; echo the disk is on fire >&2; exit 3"));
  company.ExpectNoWrite(5, {"the command failed", "exit status 3", "the disk is on fire", "run it by hand"});
  company.Write("config.yaml", with("head -n 8 $0; kill -9 $$"));
  company.ExpectNoWrite(5, {"the command failed", "nothing was written"});
}

}  // namespace ucaas_sync::testing
