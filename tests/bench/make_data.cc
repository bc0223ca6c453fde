// Makes the data of the benchmarks: a company of N people as an HR export (CSV, 20 columns, about 370 bytes a row) or a
// directory export (LDIF, 16 attribute values, about 570 bytes an entry), or a thousand groups of them (LDIF, from ten
// members to half of everybody, every tenth with two other groups in it). The same arguments give the same bytes
// anywhere. Day 2 is day 1 with every so many people changed: title, department or surname, by turns; of groups, with
// one member more in the largest.
//
//   bench_make_data csv|ldif|groups PEOPLE FILE [--seed S] [--changed PERCENT]
//
// What makes it realistic for a reader: quoted fields with commas, doubled quotes, a line end inside quotes in 2 % of
// the rows, empty fields, names beyond ASCII (UTF-8 in CSV, base64 in LDIF), lines folded at 76 columns.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "daemon/model/base64.h"
#include "daemon/model/text.h"
#include "tests/bench/program.h"

namespace ucaas_sync::bench {
namespace {

constexpr std::array<std::string_view, 24> kFirstNames{
    "Ada",   "Chloe", "Dmitri", "Efua", "Fatima", "Grace",   "Hiro",  "Ines",  "Kenji",  "Marek", "Nadia", "Oluwaseun",
    "Priya", "Rosa",  "Tariq",  "Ulla", "Victor", "Wanjiru", "Yusuf", "Björn", "Jürgen", "Søren", "Leïla", "Zoë"};
constexpr std::array<std::string_view, 24> kPlainFirstNames{
    "ada",   "chloe", "dmitri", "efua", "fatima", "grace",   "hiro",  "ines",  "kenji",  "marek", "nadia", "oluwaseun",
    "priya", "rosa",  "tariq",  "ulla", "victor", "wanjiru", "yusuf", "bjorn", "jurgen", "soren", "leila", "zoe"};
constexpr std::array<std::string_view, 16> kSurnames{"Adeyemi", "Bauer",   "Castillo", "Dubois",   "Eriksen", "Farouk",
                                                     "Hansen",  "Ivanova", "Kowalski", "Nakamura", "O'Brien", "Petrov",
                                                     "Schmidt", "Tanaka",  "Weber",    "Vasquez"};
constexpr std::array<std::string_view, 8> kDepartments{
    "Sales",      "Finance", "Research and Development", "Support", "Human Resources",
    "Operations", "Legal",   "Marketing, Communications"};
constexpr std::array<std::string_view, 8> kTitles{"Engineer",         "Senior Engineer",  "Analyst",
                                                  "Regional Manager", "Assistant",        "Principal Scientist",
                                                  "Consultant",       "Lead \"Platform\""};
constexpr std::array<std::string_view, 6> kCities{"Berlin", "Lagos", "Madrid", "Osaka", "Gdansk", "San Francisco"};
constexpr std::array<std::string_view, 6> kStreets{"Long Street", "Harbour Road",   "Market Square",
                                                   "Mill Lane",   "Cathedral View", "Old Station Way"};

// What is drawn for a person; each has a stream of numbers of its own, so that one change moves nothing else.
enum Draw : std::uint64_t { kFirst, kSurname, kDepartment, kTitle, kCity, kStreet, kNumbers, kNote, kOddity, kChange };

constexpr std::uint64_t kGroups = 1000;

struct Options {
  std::uint64_t seed = 1;
  double changed_percent = 0;
};

// splitmix64: a well-mixed number for each (seed, person, draw), without a state that would tie people together.
std::uint64_t Mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

class Person {
 public:
  Person(std::uint64_t number, const Options& options) : number_(number), seed_(options.seed) {
    constexpr std::uint64_t kScale = 1'000'000;
    const auto limit = static_cast<std::uint64_t>(options.changed_percent / 100 * static_cast<double>(kScale));
    if (Number(kChange) % kScale < limit) change_ = 1 + Number(kChange) / kScale % 3;
  }

  std::uint64_t Number(Draw draw) const { return Mix(Mix(seed_ * 0x100000001B3U + number_) + draw); }
  template <std::size_t kCount>
  std::size_t Choice(Draw draw, const std::array<std::string_view, kCount>& list, std::uint64_t step = 0) const {
    return (Number(draw) + step) % list.size();
  }

  std::string key() const {
    std::string digits = std::to_string(number_);
    return "E" + std::string(digits.size() < 7 ? 7 - digits.size() : 0, '0') + digits;
  }
  std::string_view first() const { return kFirstNames[Choice(kFirst, kFirstNames)]; }
  std::string_view plain_first() const { return kPlainFirstNames[Choice(kFirst, kPlainFirstNames)]; }
  std::string_view surname() const { return kSurnames[Choice(kSurname, kSurnames, change_ == 3 ? 1 : 0)]; }
  std::string_view department() const { return kDepartments[Choice(kDepartment, kDepartments, change_ == 2 ? 1 : 0)]; }
  std::string_view title() const { return kTitles[Choice(kTitle, kTitles, change_ == 1 ? 1 : 0)]; }
  std::string_view city() const { return kCities[Choice(kCity, kCities)]; }
  std::string street() const {
    return std::to_string(1 + Number(kNumbers) % 180) + ' ' + std::string(kStreets[Choice(kStreet, kStreets)]) +
           ", Building " + static_cast<char>('A' + Number(kNote) % 6);
  }
  /// `count` digits that stay with the person.
  std::string Digits(std::uint64_t which, std::size_t count) const {
    std::string digits;
    std::uint64_t number = Mix(Number(kNumbers) + which);
    for (std::size_t i = 0; i < count; ++i, number /= 10) digits += static_cast<char>('0' + number % 10);
    return digits;
  }
  std::string Day(std::uint64_t which, std::uint64_t first_year, std::uint64_t years) const {
    const std::uint64_t number = Mix(Number(kNumbers) + 100 + which);
    const auto two = [](std::uint64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
    return std::to_string(first_year + number % years) + '-' + two(1 + number / 64 % 12) + '-' +
           two(1 + number / 1024 % 28);
  }
  std::string mail() const { return std::string(plain_first()) + '.' + std::to_string(number_) + "@example.com"; }
  std::uint64_t oddity() const { return Number(kOddity) % 100; }

 private:
  std::uint64_t number_;
  std::uint64_t seed_;
  std::uint64_t change_ = 0;  // 0: none, 1: title, 2: department, 3: surname
};

// A field as a spreadsheet writes it: quoted only where it must be.
void AddField(std::string& row, std::string_view value) {
  if (!row.empty() && row.back() != '\n') row += ',';
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    row += value;
    return;
  }
  row += '"';
  for (const char c : value) {
    if (c == '"') row += '"';
    row += c;
  }
  row += '"';
}

constexpr std::string_view kHeading =
    "employee_id,first_name,last_name,email,department,title,status,start_date,end_date,phone,mobile,office,street,"
    "city,"
    "postcode,country,cost_center,manager_id,company,notes\n";

void AppendRow(std::string& out, const Person& person, std::uint64_t people) {
  std::string row;
  AddField(row, person.key());
  AddField(row, person.first());
  AddField(row, person.surname());
  AddField(row, person.mail());
  AddField(row, person.department());
  AddField(row, person.title());
  AddField(row, person.oddity() >= 98 ? "leave" : "active");
  AddField(row, person.Day(0, 2005, 20));
  AddField(row, person.oddity() % 10 == 0 ? person.Day(1, 2031, 8) : std::string());
  AddField(row, "+49 30 " + person.Digits(0, 7));
  AddField(row, "+49 171 " + person.Digits(1, 8));
  AddField(row, "Room " + person.Digits(2, 3) + " / Floor " + person.Digits(3, 1));
  AddField(row, person.street());
  AddField(row, person.city());
  AddField(row, person.Digits(4, 5));
  AddField(row, "Germany");
  AddField(row, "CC-" + person.Digits(5, 6));
  AddField(row, Person(1 + person.Number(kNumbers) % people, {}).key());
  AddField(row, "Example Engineering Services GmbH");
  const std::string note = "Badge " + person.Digits(6, 8) + " issued at reception, returned on leave; laptop asset " +
                           person.Digits(7, 10) + " and docking station, see the inventory record " +
                           person.Digits(8, 12);
  AddField(row, person.oddity() < 2 ? note + "\nsecond line of the note" : note);
  out += row;
  out += '\n';
}

void AddLine(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::size_t kWidth = 76;
  std::string line(name);
  const bool is_plain = IsAscii(value) && !value.empty() && value.front() != ' ' && value.back() != ' ';
  line += is_plain ? ": " : ":: ";
  line += is_plain ? std::string(value) : EncodeBase64(value);
  for (std::size_t at = 0; at < line.size();) {
    if (at > 0) out += "\n ";
    const std::size_t count = at == 0 ? kWidth : kWidth - 1;
    out.append(line, at, count);
    at += count;
  }
  out += '\n';
}

void AppendEntry(std::string& out, const Person& person) {
  const std::string full = std::string(person.first()) + ' ' + std::string(person.surname());
  AddLine(out, "dn", "uid=" + person.key() + ",ou=People,dc=example,dc=com");
  AddLine(out, "objectClass", "inetOrgPerson");
  AddLine(out, "objectClass", "organizationalPerson");
  AddLine(out, "uid", person.key());
  AddLine(out, "cn", full);
  AddLine(out, "sn", person.surname());
  AddLine(out, "givenName", person.first());
  AddLine(out, "displayName", full + " (" + std::string(person.department()) + ')');
  AddLine(out, "mail", person.mail());
  AddLine(out, "employeeNumber", person.key());
  AddLine(out, "departmentNumber", person.department());
  AddLine(out, "title", person.title());
  AddLine(out, "telephoneNumber", "+49 30 " + person.Digits(0, 7));
  AddLine(out, "l", person.city());
  AddLine(out, "street", person.street());
  AddLine(out, "description",
          "Badge " + person.Digits(6, 8) + " issued at reception, laptop asset " + person.Digits(7, 10) +
              ", docking station, inventory record " + person.Digits(8, 12));
  AddLine(out, "entryUUID", person.Digits(10, 8) + "-4a7e-103d-9c1b-" + person.Digits(11, 12));
  out += '\n';
}

std::string GroupDn(std::uint64_t number) {
  return "cn=Group " + std::to_string(number) + ",ou=Groups,dc=example,dc=com";
}

// The largest has half of everybody, the others ever fewer, as groups of companies do.
std::uint64_t SizeOf(std::uint64_t group, std::uint64_t people) {
  constexpr double kFall = 1.25;
  constexpr std::uint64_t kLeast = 10;
  return std::max(kLeast, static_cast<std::uint64_t>(static_cast<double>(people) / 2 /
                                                     std::pow(static_cast<double>(group), kFall)));
}

void AppendGroup(std::string& out, std::uint64_t number, std::uint64_t people, const Options& options) {
  const std::uint64_t size = SizeOf(number, people) + (options.changed_percent > 0 && number == 1 ? 1 : 0);
  const std::uint64_t first = Mix(options.seed + number) % people;
  AddLine(out, "dn", GroupDn(number));
  AddLine(out, "objectClass", "groupOfNames");
  AddLine(out, "cn", "Group " + std::to_string(number));
  for (std::uint64_t i = 0; i < size; ++i) {
    AddLine(out, "member", "uid=" + Person(1 + (first + i) % people, options).key() + ",ou=People,dc=example,dc=com");
  }
  if (number % 10 == 0) {
    for (const std::uint64_t inner : {number - 1, number - 2}) AddLine(out, "member", GroupDn(inner));
  }
  out += '\n';
}

void Write(const std::string& format, std::uint64_t people, const std::string& path, const Options& options) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) throw std::runtime_error(path + ": cannot be written: " + std::strerror(errno));
  std::string block;
  if (format == "csv") {
    block = kHeading;
  } else if (format == "ldif" || format == "groups") {
    block = "version: 1\n\n";
  } else {
    throw std::invalid_argument("the format is csv, ldif or groups, not " + format);
  }
  constexpr std::size_t kBlock = std::size_t{1} << 20U;
  const std::uint64_t count = format == "groups" ? kGroups : people;
  for (std::uint64_t number = 1; number <= count; ++number) {
    const Person person(number, options);
    if (format == "groups") {
      AppendGroup(block, number, people, options);
    } else if (format == "csv") {
      AppendRow(block, person, people);
    } else {
      AppendEntry(block, person);
    }
    if (block.size() < kBlock && number < count) continue;
    file.write(block.data(), static_cast<std::streamsize>(block.size()));
    block.clear();
  }
  file.close();
  if (!file) throw std::runtime_error(path + ": cannot be written: " + std::strerror(errno));
}

int Main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) {
    std::cerr << "usage: bench_make_data csv|ldif|groups PEOPLE FILE [--seed S] [--changed PERCENT]\n";
    return 64;
  }
  Options options;
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seed") {
      options.seed = std::stoull(argv[i + 1]);
    } else if (name == "--changed") {
      options.changed_percent = std::stod(argv[i + 1]);
    } else {
      throw std::invalid_argument("unknown option " + std::string(name));
    }
  }
  Write(argv[1], std::stoull(argv[2]), argv[3], options);
  return 0;
}

}  // namespace
}  // namespace ucaas_sync::bench

int main(int argc, char** argv) {
  return ucaas_sync::bench::Guarded("bench_make_data", ucaas_sync::bench::Main, argc, argv);
}
