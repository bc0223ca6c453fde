#include "tests/sim/world.h"

#include <algorithm>
#include <chrono>

namespace ucaas_sync::sim {
namespace {

using Days = std::chrono::days;

void BreakRow(Export& day, std::size_t index, bool shows_key) {
  const HrRow row = day.rows[index];
  day.rows.erase(day.rows.begin() + static_cast<std::ptrdiff_t>(index));
  BrokenRow broken{.line = row.line, .values = {row.person.last, row.person.email, row.person.department}};
  // Without its own key it still shows the manager's, who may have left long ago.
  const std::string manager = "P1";
  if (shows_key || row.person.id != manager) broken.values.push_back(shows_key ? row.person.id : manager);
  day.broken.push_back(std::move(broken));
}

std::string LoseRows(Export& day, Random& random) {
  const std::size_t lost = 1 + random.Below(day.rows.size());
  day.rows.resize(day.rows.size() - lost);
  return "the export lost its last " + std::to_string(lost) + " rows, cleanly";
}

}  // namespace

World::World(std::size_t count, Date today_, Random& random)
    : departments{"Sales", "Finance", "Legal", "Works"}, today(today_) {
  for (std::size_t i = 0; i < count; ++i) Join(random).start = FormatDate(today - Days(100));
}

std::string World::NextEmail() const {
  return "p" + std::to_string(joined_ + 1) + "@x.org";
}

Person& World::Join(Random& random) {
  Person person;
  person.email = NextEmail();
  person.id = "P" + std::to_string(++joined_);
  person.last = NewWord("Last");
  person.department = random.Pick(departments);
  person.title = NewWord("Title");
  person.start = FormatDate(today);
  return people[person.id] = person;
}

Person* World::SomebodyListed(Random& random) {
  std::vector<Person*> listed;
  for (auto& [id, person] : people) {
    if (person.is_listed) listed.push_back(&person);
  }
  return listed.empty() ? nullptr : random.Pick(listed);
}

Person* World::SomebodyGone(Random& random) {
  std::vector<Person*> gone;
  for (auto& [id, person] : people) {
    if (!person.is_listed || person.status == "terminated") gone.push_back(&person);
  }
  return gone.empty() ? nullptr : random.Pick(gone);
}

std::string World::Reorganise(Random& random) {
  const std::string from = random.Pick(departments);
  const std::string to = random.Chance(50) ? NewWord("Dept") : random.Pick(departments);
  if (random.Chance(30)) {
    for (auto& [id, person] : people) person.department = to;
    departments.push_back(to);
    return "everybody moves to " + to;
  }
  for (auto& [id, person] : people) {
    if (person.department == from) person.department = to;
  }
  std::replace(departments.begin(), departments.end(), from, to);
  return "department " + from + " becomes " + to;
}

std::string World::QuarrelAboutEmail(Random& random) {
  Person* a = SomebodyListed(random);
  Person* b = random.Chance(40) ? SomebodyGone(random) : SomebodyListed(random);
  if (a == nullptr || b == nullptr || a == b) return "nothing";
  switch (random.Below(5)) {
    case 0: {
      std::swap(a->email, b->email);
      return a->id + " and " + b->id + " exchange their e-mails";
    }
    case 1: {  // a chain, which is longer when it happens again before the next export
      const std::string given = b->email;
      b->email = NewWord("m") + "@x.org";
      a->email = given;
      return a->id + " takes the e-mail of " + b->id + ", who gets a new one";
    }
    case 2: {
      a->email = b->email;
      return a->id + " has the e-mail of " + b->id;
    }
    case 3: {
      Person& newcomer = Join(random);
      newcomer.email = a->email;
      a->is_listed = false;
      return a->id + " has the key " + newcomer.id + " now";
    }
    default: {
      std::transform(a->email.begin(), a->email.end(), a->email.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
      return "the e-mail of " + a->id + " is written in capitals";
    }
  }
}

std::string World::Happen(Random& random) {
  switch (random.Below(14)) {
    case 0:
    case 1: {
      Person& person = Join(random);
      if (random.Chance(30)) person.start = FormatDate(today + Days(random.Below(15)));
      return person.id + " joins on " + person.start;
    }
    case 2:
    case 3:
      if (Person* person = SomebodyListed(random); person != nullptr) {
        person->status = "terminated";
        return person->id + " leaves, and the record says so";
      }
      return "nothing";
    case 4:
      if (Person* person = SomebodyListed(random); person != nullptr) {
        person->is_listed = false;
        return person->id + " leaves, and the record is gone";
      }
      return "nothing";
    case 5:
      if (Person* person = SomebodyGone(random); person != nullptr) {
        person->is_listed = true;
        person->status = "active";
        return person->id + " is back";
      }
      return "nothing";
    case 6:
      if (Person* person = SomebodyListed(random); person != nullptr) {
        person->last = NewWord("Last");
        person->email = NewWord("m") + "@x.org";
        return person->id + " marries: " + person->last + ", " + person->email;
      }
      return "nothing";
    case 7:
      if (Person* person = SomebodyListed(random); person != nullptr) {
        person->department = random.Pick(departments);
        return person->id + " moves to " + person->department;
      }
      return "nothing";
    case 8:
      if (Person* person = SomebodyListed(random); person != nullptr) {
        person->title = NewWord("Title");
        return person->id + " becomes " + person->title;
      }
      return "nothing";
    case 9:
      if (Person* person = SomebodyListed(random); person != nullptr) {
        person->status = person->status == "leave" ? "active" : "leave";
        return person->id + " has the status " + person->status;
      }
      return "nothing";
    case 10:
      if (Person* person = SomebodyListed(random); person != nullptr) {
        person->has_title = !person->has_title;
        return "the directory " + std::string(person->has_title ? "knows " : "forgets ") + person->id;
      }
      return "nothing";
    case 11:
      return Reorganise(random);
    default:
      return QuarrelAboutEmail(random);
  }
}

void World::GiveFreshEmails() {
  for (auto& [id, person] : people) person.email = NewWord("fresh") + "@x.org";
}

Export World::TakeExport() const {
  Export day;
  std::uint64_t line = 2;
  for (const auto& [id, person] : people) {
    if (person.is_listed) day.rows.push_back({.line = line++, .person = person});
    if (person.has_title) day.titles[id] = person.title;
  }
  return day;
}

std::string Spoil(Export& day, Random& random) {
  if (day.rows.empty()) return "nothing";
  const std::size_t index = random.Below(day.rows.size());
  Person& person = day.rows[index].person;
  switch (random.Below(16)) {
    case 0:
      day.rows.resize(random.Below(day.rows.size()));
      day.health = Health::kCutOff;
      return "the export is cut off";
    case 1:
      day.health = Health::kNoKeyColumn;
      return "the key's column has another heading";
    case 2:
      day.health = Health::kNoEmail;
      return "the e-mails' column has another heading";
    case 3:
      day.rows.clear();
      day.health = Health::kHeadingOnly;
      return "the export is a heading alone";
    case 4:
    case 5:
      return LoseRows(day, random);
    case 6: {
      const std::string who = person.id;
      BreakRow(day, index, true);
      return "the row of " + who + " is broken";
    }
    case 7: {
      const std::string who = person.id;
      BreakRow(day, index, false);
      return "the row of " + who + " is broken and shows no key";
    }
    case 8: {
      HrRow copy = day.rows[index];
      copy.line = day.rows.back().line + 1;
      const bool differs = random.Chance(60);
      if (differs) copy.person.department += " II";
      day.rows.push_back(copy);
      return copy.person.id + " is there twice, " + (differs ? "with different content" : "byte for byte");
    }
    case 9: {
      HrRow copy = day.rows[index];
      copy.line = day.rows.back().line + 1;
      copy.person.id[0] = 'p';
      const std::string who = copy.person.id;
      if (random.Chance(50)) copy.person.email = who + "-twin@x.org";
      day.rows.push_back(copy);
      return who + " is there beside its twin in capitals";
    }
    case 10:
      person.email = random.Chance(50) ? "" : "nobody at home";
      return person.id + " has the e-mail \"" + person.email + "\"";
    case 11:
      person.status = "acitve";
      return person.id + " has a status that is no word";
    case 12: {
      person.start = "soon";
      return person.id + " starts soon";
    }
    case 13:
      for (HrRow& row : day.rows) std::swap(row.person.last, row.person.department);
      return "two headings are swapped";
    case 14:
      day.directory_is_whole = false;
      return "the directory's export is cut off";
    default:
      person.department.clear();
      return person.id + " has no department";
  }
}

}  // namespace ucaas_sync::sim
