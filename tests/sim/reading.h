// What an export says, read by plain code that shares nothing with the program: the other opinion, by which the plan
// and the target are judged. Values; pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/program.h"
#include "tests/sim/world.h"

namespace ucaas_sync::sim {

enum class Word : std::uint8_t {
  kNothing,  ///< Not there, or not wanted by the filter.
  kPresent,
  kLeft,
  kUnsure,  ///< Somebody of that key is there, but what it says cannot be believed.
};

struct Reading {
  bool must_be_refused = false;
  bool may_be_refused = false;  ///< A column is missing; while the directory is silent, it may have it.
  std::map<std::string, Word> people;
  std::map<std::string, Person> rows;   ///< Of those who are present.
  std::set<std::string> bad_status;     ///< Users alone have a status: as contacts these are present.
  std::set<std::string> left;           ///< Of whom some row says that they left, be it believed or not.
  std::set<std::string> departments;    ///< Every one that a row names.
  std::set<std::string> broken_values;  ///< All that can be read of broken rows.
  std::set<std::string> broken_owners;  ///< Those of them whose own row a broken one may be.
  bool hides_people = false;            ///< A broken row may be anybody's.
  bool hides_groups = false;
  bool knows_titles = false;  ///< The directory is whole.

  Word Of(Kind kind, const std::string& key) const;
};

/// `lately`: the groups that are known, and the people who were there until now, and of whom no broken row told before
/// that it is another's: of a broken row with the key of anybody else it is not known whose it is.
Reading Read(const Export& day, const Settings& settings, Date today,
             const std::set<std::pair<Kind, std::string>>& lately);

}  // namespace ucaas_sync::sim
