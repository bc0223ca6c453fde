// The truth of a small company, and what its exports say of it on good and on bad days. Plain values: a history changes
// the world by random events, takes an export of it, and may spoil the export. Single-threaded; nothing here fails.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/time.h"
#include "tests/sim/random.h"

namespace ucaas_sync::sim {

struct Person {
  std::string id;  ///< "P7": the key, and the first name, so that an object at the target tells whose it is.
  std::string last;
  std::string email;
  std::string department;
  std::string title;
  std::string status = "active";  ///< "active", "leave" or "terminated"
  std::string start;              ///< "2026-11-23"
  bool is_listed = true;          ///< HR's export has a record of it.
  bool has_title = true;          ///< The directory has a record of it.
};

/// A record of HR's export; `line` counts from 2.
struct HrRow {
  std::uint64_t line = 0;
  Person person;
};

/// A row that cannot be read, with the values that could be told.
struct BrokenRow {
  std::uint64_t line = 0;
  std::vector<std::string> values;
};

enum class Health : std::uint8_t {
  kGood,
  kCutOff,       ///< Ends in mid-row.
  kNoKeyColumn,  ///< The key's heading was renamed.
  kNoEmail,      ///< A mapped column's heading was renamed.
  kHeadingOnly,
};

/// What lies on the disk on one day: HR's file, and the directory's with the titles.
struct Export {
  std::vector<HrRow> rows;
  std::vector<BrokenRow> broken;
  Health health = Health::kGood;
  bool directory_is_whole = true;
  std::map<std::string, std::string> titles;  ///< By key.
};

class World {
 public:
  /// `count` people in four departments.
  World(std::size_t count, Date today, Random& random);

  std::map<std::string, Person> people;  ///< Everybody that ever was; by id.
  std::vector<std::string> departments;
  Date today;

  /// Something happens in the company; answers with what, for the trace.
  std::string Happen(Random& random);
  /// Everybody who is listed gets an address of their own that nobody ever had: no quarrel about addresses is left.
  void GiveFreshEmails();
  Export TakeExport() const;
  /// The e-mail that the next joiner will have.
  std::string NextEmail() const;

  Person& Join(Random& random);

 private:
  Person* SomebodyListed(Random& random);
  Person* SomebodyGone(Random& random);
  std::string Reorganise(Random& random);
  std::string QuarrelAboutEmail(Random& random);
  std::string NewWord(const std::string& stem) { return stem + std::to_string(++words_); }

  std::uint64_t joined_ = 0;
  std::uint64_t words_ = 0;
};

/// Makes a good export a bad one; answers with how.
std::string Spoil(Export& day, Random& random);

}  // namespace ucaas_sync::sim
