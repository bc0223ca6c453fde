// Acceptance: what an export can come as. Each row of the tables is one story, with its outcome at every size.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/commands/acceptance.h"

namespace ucaas_sync::testing {
namespace {

using Strings = std::vector<std::string>;

std::vector<std::string> RowsOf(const std::string& csv) {
  std::vector<std::string> rows;
  for (std::size_t at = 0; at < csv.size();) {
    const std::size_t end = csv.find("\r\n", at) + 2;
    rows.push_back(csv.substr(at, end - at));
    at = end;
  }
  return rows;
}

std::string Join(const std::vector<std::string>& rows) {
  std::string csv;
  for (const std::string& row : rows) csv += row;
  return csv;
}

std::string WithLineEnds(std::string csv, std::string_view end) {
  for (std::size_t at = csv.find("\r\n"); at != std::string::npos; at = csv.find("\r\n", at + end.size())) {
    csv.replace(at, 2, end);
  }
  return csv;
}

/// Little-endian with its mark; of UTF-8 up to two bytes a character, which is all that the company has.
std::string Utf16Of(const std::string& utf8) {
  std::string wide = "\xFF\xFE";
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    auto code = static_cast<unsigned char>(utf8[i]);
    unsigned unit = code;
    if (code >= 0xC0) unit = ((code & 0x1FU) << 6U) | (static_cast<unsigned char>(utf8[++i]) & 0x3FU);
    wide += static_cast<char>(unit & 0xFFU);
    wide += static_cast<char>(unit >> 8U);
  }
  return wide;
}

std::string FirstRows(const std::string& csv, std::size_t people) {
  auto rows = RowsOf(csv);
  rows.resize(people + 1);
  return Join(rows);
}

/// Each row but the heading through `change`.
std::function<void(SettledCompany&)> EachRow(std::function<std::string(const std::string&)> change) {
  return Text([change = std::move(change)](const std::string& csv) {
    auto rows = RowsOf(csv);
    std::transform(rows.begin() + 1, rows.end(), rows.begin() + 1, change);
    return Join(rows);
  });
}

const Strings kNothing{"nothing was written"};

Strings Refused(std::string phrase) {
  return {std::move(phrase), "nothing was written"};
}

}  // namespace

TEST_CASE("acceptance: an export in another dress is the same export, and nobody is written") {
  const std::vector<AcceptanceCase> cases{
      {.name = "as it was", .given = People([](auto&) {}), .expected = Always(0, 0, {"nothing to do"})},
      {.name = "a byte-order mark",
       .given = Text([](const std::string& csv) { return "\xEF\xBB\xBF" + csv; }),
       .expected = Always(0, 0, {"nothing to do"})},
      {.name = "UTF-16", .given = Text(&Utf16Of), .expected = Always(0, 0, {"nothing to do"})},
      {.name = "LF instead of CRLF",
       .given = Text([](const std::string& csv) { return WithLineEnds(csv, "\n"); }),
       .expected = Always(0, 0, {"nothing to do"})},
      {.name = "CR instead of CRLF",
       .given = Text([](const std::string& csv) { return WithLineEnds(csv, "\r"); }),
       .expected = Always(0, 0, {"nothing to do"})},
      {.name = "semicolons",
       .given = Text([](std::string csv) {
         std::replace(csv.begin(), csv.end(), ',', ';');
         return Join(RowsOf(csv));
       }),
       // The comma inside the quoted title became a semicolon too: everybody's title changed, and that is held.
       .expected = Always(3, 0, {"rewrite (user.designation)"})},
      {.name = "rows in another order",
       .given = People([](auto& people) { std::reverse(people.begin(), people.end()); }),
       .expected = Always(0, 0, {"nothing to do"})},
      {.name = "every row twice, byte for byte",
       .given = EachRow([](const std::string& row) { return row + row; }),
       .expected = Always(0, 0, {"nothing to do"})},
  };
  PlayAtEverySize(cases);
}

TEST_CASE("acceptance: an export that is not whole is refused or held, and nobody leaves") {
  const std::vector<AcceptanceCase> cases{
      {.name = "cut in mid-row",
       .given = Text([](const std::string& csv) {
         const auto rows = RowsOf(csv);
         return FirstRows(csv, rows.size() - 2) + rows.back().substr(0, 9);
       }),
       .expected = Always(5, 0, Refused("the file ends inside this row"))},
      {.name = "cut in the last field",
       .given = Text([](const std::string& csv) { return csv.substr(0, csv.size() - 5); }),
       .expected = Always(5, 0, Refused("no newline at its end"))},
      {.name = "cut between rows",
       .given = Text([](const std::string& csv) { return FirstRows(csv, (RowsOf(csv).size() - 1) * 6 / 10); }),
       .expected = Always(3, 0, {"HELD by source_drop (hr)", "Nothing will be written"})},
      {.name = "one row left",
       .given = Text([](const std::string& csv) { return FirstRows(csv, 1); }),
       .expected = Always(3, 0, {"HELD by source_drop (hr)"})},
      {.name = "a heading alone",
       .given = Text([](const std::string& csv) { return FirstRows(csv, 0); }),
       .expected = Always(5, 0, Refused("not a single row"))},
      {.name = "an empty file",
       .given = Text([](const std::string&) { return std::string(); }),
       .expected = Always(5, 0, Refused("the file is empty"))},
      {.name = "no file",
       .given = [](SettledCompany& company) { std::filesystem::remove(company.Path("people.csv")); },
       .expected = Always(5, 0, Refused("there is no such file"))},
      {.name = "Latin-1 bytes",
       .given = Text([](const std::string& csv) { return Replaced(csv, "Bj\xC3\xB6rn", "Bj\xF6rn"); }),
       .expected = Always(5, 0, {"byte 0xF6 is not UTF-8", "encoding: windows-1252"})},
      {.name = "an unquoted comma in one row",
       .given = Text([](const std::string& csv) { return Replaced(csv, "Person2,", "Person2, Dr.,"); }),
       .expected = Always(4, 0, {"8 fields, the heading has 7", "record hr:3"})},
  };
  PlayAtEverySize(cases);
}

TEST_CASE("acceptance: columns that moved, vanished or were emptied are refused or held, and nobody is rewritten") {
  const auto rename = [](std::string_view from, std::string_view to) {
    return Text([from, to](const std::string& csv) { return Replaced(csv, from, to); });
  };
  const std::vector<AcceptanceCase> cases{
      {.name = "two headings swapped",
       .given = rename("first_name,last_name", "last_name,first_name"),
       .expected = Always(3, 0, {"HELD by rewrite (user.first_name)", "swapped", "Person1"})},
      {.name = "a name's heading swapped with the e-mail's",
       .given = rename("first_name,last_name,email", "email,last_name,first_name"),
       .expected = Always(4, 0, {"is no address"})},
      {.name = "a mapped column renamed",
       .given = rename(",department,", ",dept,"),
       .expected = Always(5, 0, Refused("no column \"department\""))},
      {.name = "the column of leavers renamed",
       .given = rename(",status\r\n", ",state\r\n"),
       .expected = Always(5, 0, Refused("no column \"status\""))},
      {.name = "a mapped column blank",
       .given = People([](auto& people) {
         for (Person& person : people) person.department.clear();
       }),
       .expected = Always(5, 0, Refused("no value in column \"department\""))},
      {.name = "a mapped column blank in three rows of five",
       .given = People([](auto& people) {
         for (std::size_t i = 0; i < people.size(); ++i) {
           if (i % 5 < 3) people[i].department.clear();
         }
       }),
       .expected = Always(3, 0, {"HELD by fill_drop (hr department)", "department: 100 % → 40 %"})},
      {.name = "the key column renamed",
       .given = rename("employee_id,", "id,"),
       .expected = Always(5, 0, Refused("no column \"employee_id\""))},
      {.name = "the key column blank",
       .given = People([](auto& people) {
         for (Person& person : people) person.id.clear();
       }),
       .expected = Always(5, 0, Refused("no value in column \"employee_id\""))},
      {.name = "every row shifted right by one column, into an eighth",
       .given = EachRow([](const std::string& row) { return ',' + row; }),
       .expected = Always(5, 0, Refused("no usable record"))},
      {.name = "every row shifted right by one column, the last one lost",
       .given = EachRow([](const std::string& row) { return ',' + row.substr(0, row.rfind(',')) + "\r\n"; }),
       .expected = Always(5, 0, Refused("no value in column \"employee_id\""))},
      {.name = "every row shifted left by one column",
       .given = EachRow([](const std::string& row) {
         return row.substr(row.find(',') + 1, row.size() - row.find(',') - 3) + ",\r\n";
       }),
       .expected = Always(5, 0, Refused("no value in column \"status\""))},
      {.name = "the status column all words that nobody knows",
       .given = People([](auto& people) {
         for (Person& person : people) person.status = "aktiv";
       }),
       .expected = Always(4, 0, {"\"aktiv\"", "table status"})},
      {.name = "the status column says that everybody left",
       .given = People([](auto& people) {
         for (Person& person : people) person.status = "terminated";
       }),
       .expected = Always(3, 0, {"HELD by user.suspend", "Nothing will be written"})},
      {.name = "the status column says that everybody is on leave",
       .given = People([](auto& people) {
         for (Person& person : people) person.status = "leave";
       }),
       .expected = Always(3, 0, {"HELD by user.suspend"})},
  };
  PlayAtEverySize(cases);
}

}  // namespace ucaas_sync::testing
