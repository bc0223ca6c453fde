#include "tests/sim/reading.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <vector>

namespace ucaas_sync::sim {
namespace {

std::string Folded(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool SameRecord(const Person& a, const Person& b) {
  return a.id == b.id && a.last == b.last && a.email == b.email && a.department == b.department &&
         a.status == b.status && a.start == b.start;
}

/// A silent directory may have what a record leaves blank: nobody knows it, and the rest of the record is believed.
bool IsBadEmail(const std::string& email, bool knows_directory) {
  return email.empty() ? knows_directory : email.find('@') == std::string::npos;
}

Word WordOf(const Person& row, const Settings& settings, Date today, bool knows_directory) {
  if (row.status == "terminated") return Word::kLeft;
  if (settings.starts_count) {
    const auto start = ParseDate(row.start, "%Y-%m-%d");
    if (!start) return row.start.empty() ? Word::kNothing : Word::kUnsure;
    if (*start > today + std::chrono::days(7)) return Word::kNothing;
  }
  if (IsBadEmail(row.email, knows_directory) || row.last.empty()) return Word::kUnsure;
  return Word::kPresent;
}

bool HasColumn(const Export& day, std::string Person::*column) {
  return std::any_of(day.rows.begin(), day.rows.end(), [&](const HrRow& row) { return !(row.person.*column).empty(); });
}

bool LacksColumn(const Export& day, const Settings& settings) {
  return day.health == Health::kNoEmail || !HasColumn(day, &Person::last) || !HasColumn(day, &Person::email) ||
         !HasColumn(day, &Person::department) || !HasColumn(day, &Person::status) ||
         (settings.starts_count && !HasColumn(day, &Person::start));
}

void SetAsideTwins(Reading& reading) {
  std::map<std::string, std::vector<std::string>> twins;
  for (const auto& [key, word] : reading.people) {
    if (word != Word::kNothing) twins[Folded(key)].push_back(key);
  }
  for (const auto& [folded, keys] : twins) {
    if (keys.size() < 2) continue;
    for (const std::string& key : keys) reading.people[key] = Word::kUnsure;
  }
}

using Owners = std::vector<std::set<std::string>>;  // by broken row: whose it may be

/// Whether row `i` finds an owner when those who have one make way.
bool FindOwner(const Owners& owners, std::size_t i, std::set<std::string>& asked,
               std::map<std::string, std::size_t>& of) {
  for (const std::string& key : owners[i]) {
    if (!asked.insert(key).second) continue;
    const auto has = of.find(key);
    if (has != of.end() && !FindOwner(owners, has->second, asked, of)) continue;
    of[key] = i;
    return true;
  }
  return false;
}

/// Nobody has two rows: each broken one must find somebody of its own.
void FindHidden(Reading& reading, const Export& day, const std::set<std::string>& in_rows,
                const std::set<std::pair<Kind, std::string>>& lately) {
  Owners owners;
  for (const BrokenRow& broken : day.broken) {
    reading.broken_values.insert(broken.values.begin(), broken.values.end());
    std::set<std::string>& mine = owners.emplace_back();
    for (const std::string& value : broken.values) {
      const bool was_there = lately.contains({Kind::kUser, value}) || lately.contains({Kind::kContact, value});
      if (was_there && !in_rows.contains(value)) mine.insert(value);
    }
    reading.broken_owners.insert(mine.begin(), mine.end());
  }
  std::map<std::string, std::size_t> of;
  for (std::size_t i = 0; i < day.broken.size(); ++i) {
    const std::vector<std::string>& values = day.broken[i].values;
    const bool has_group = std::any_of(values.begin(), values.end(), [&](const std::string& value) {
      return lately.contains({Kind::kGroup, value});
    });
    std::set<std::string> asked;
    const bool has_owner = FindOwner(owners, i, asked, of);
    reading.hides_people = reading.hides_people || !has_owner;
    reading.hides_groups = reading.hides_groups || (!has_owner && !has_group);
  }
}

}  // namespace

Word Reading::Of(Kind kind, const std::string& key) const {
  if (broken_values.contains(key)) return Word::kUnsure;
  if (kind == Kind::kGroup) return departments.contains(key) ? Word::kPresent : Word::kNothing;
  if (kind == Kind::kUser && bad_status.contains(key)) return Word::kUnsure;
  const auto word = people.find(key);
  return word == people.end() ? Word::kNothing : word->second;
}

Reading Read(const Export& day, const Settings& settings, Date today,
             const std::set<std::pair<Kind, std::string>>& lately) {
  Reading reading;
  reading.knows_titles = day.directory_is_whole && !day.titles.empty();
  const bool is_whole = (day.health == Health::kGood || day.health == Health::kNoEmail) && !day.rows.empty();
  reading.may_be_refused = !is_whole || LacksColumn(day, settings);
  reading.must_be_refused = !is_whole || (reading.may_be_refused && reading.knows_titles);
  if (reading.must_be_refused) return reading;
  const auto word_of = [&](const Person& row) { return WordOf(row, settings, today, reading.knows_titles); };
  std::map<std::string, std::vector<const Person*>> by_key;
  for (const HrRow& row : day.rows) {
    by_key[row.person.id].push_back(&row.person);
    if (!row.person.department.empty()) reading.departments.insert(row.person.department);
  }
  for (const auto& [key, rows] : by_key) {
    std::vector<const Person*> wanted;  // the filter is judged before duplicates
    for (const Person* row : rows) {
      if (word_of(*row) != Word::kNothing) wanted.push_back(row);
    }
    if (wanted.empty()) continue;
    const bool is_left =
        std::any_of(wanted.begin(), wanted.end(), [&](const Person* row) { return word_of(*row) == Word::kLeft; });
    if (is_left) reading.left.insert(key);
    const Word word = word_of(*wanted.front());
    const bool agree = std::all_of(wanted.begin(), wanted.end(), [&](const Person* row) {
      return SameRecord(*row, *wanted.front()) || (word == Word::kLeft && word_of(*row) == Word::kLeft);
    });
    reading.people[key] = agree ? word : Word::kUnsure;
    if (!agree || word != Word::kPresent) continue;
    const Person& row = reading.rows[key] = *wanted.front();
    if (row.status != "active" && row.status != "leave") reading.bad_status.insert(key);
  }
  SetAsideTwins(reading);
  std::set<std::string> in_rows;
  for (const auto& [key, rows] : by_key) in_rows.insert(key);
  FindHidden(reading, day, in_rows, lately);
  return reading;
}

}  // namespace ucaas_sync::sim
