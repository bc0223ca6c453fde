// The acceptance suite: a table of what can befall an export, a state or an account, played at every size of company.
// A case starts from a company whose first sync is done, lets something happen, syncs, and is judged by the exit code,
// by the objects of the account that were written, and by what was said.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/cli.h"

namespace ucaas_sync::testing {

/// A company in step with its account, that can be put back to that moment again and again.
class SettledCompany : public Cli {
 public:
  /// `people` go to people.csv, `config` to config.yaml; the test fails unless the first sync converges.
  SettledCompany(std::vector<Person> people, const std::string& config);

  const std::vector<Person>& people() const { return people_; }
  std::uint64_t size() const { return people_.size(); }
  void WritePeople(const std::vector<Person>& people) { Write("people.csv", CsvOf(people)); }

  /// Files, state and account as after the first sync.
  void Reset();
  /// So much time passes: everything in the state becomes older.
  void PassHours(int hours);
  /// Every object of the account, contacts with their groups: "user 7" → its row, times included.
  std::map<std::string, std::string> Objects() const;

 private:
  std::vector<Person> people_;
  std::string config_;
};

/// How many objects were made, changed or removed between the two.
std::uint64_t CountWritten(const std::map<std::string, std::string>& before,
                           const std::map<std::string, std::string>& after);

struct Expected {
  int code = 0;
  std::uint64_t written = 0;
  std::vector<std::string> says;
};

struct AcceptanceCase {
  std::string_view name;
  /// What happens; whatever syncs it does itself count as written.
  std::function<void(SettledCompany&)> given;
  std::function<Expected(const SettledCompany&)> expected;
  std::string_view command = "sync";
};

/// An outcome that is the same for every size.
std::function<Expected(const SettledCompany&)> Always(int code, std::uint64_t written, std::vector<std::string> says);

/// Plays each case at 5, 15, 30 and 400 people.
void PlayAtEverySize(std::span<const AcceptanceCase> cases);
/// Plays each case on `company`.
void Play(SettledCompany& company, std::span<const AcceptanceCase> cases);

/// Shorthands for `given`: people.csv becomes what `change` makes of its text, or of its people.
std::function<void(SettledCompany&)> Text(std::function<std::string(const std::string&)> change);
std::function<void(SettledCompany&)> People(std::function<void(std::vector<Person>&)> change);

}  // namespace ucaas_sync::testing
