// A small company for the plan's tests: a policy, a state in memory, and an export written line by line. Plan() makes
// the plan of one read, Sync() also lets the state take it.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/plan/planner.h"
#include "tests/support/memory_state.h"

namespace ucaas_sync::plan {

using Values = std::map<std::string, std::string>;

/// One record as mapping would yield it.
struct Row {
  Kind kind = Kind::kUser;
  std::string key{};
  Values fields{};  ///< "" is empty, "?" is unknown.
  Standing standing = Standing::kPresent;
  std::string reason{};
  std::uint16_t rule = 0;
  std::uint16_t source = 0;
  std::uint64_t line = 0;
  std::string dn{};
  bool dn_known = true;
  std::vector<std::string> groups{};
  bool maps_groups = false;
  bool groups_known = true;
  std::vector<std::string> members{};
  bool maps_members = false;
  bool members_known = true;
  std::optional<Date> leaves_on{};
  bool may_be_rejected = false;
  bool is_in_scope = false;
};

struct BadRow {
  std::uint64_t line = 0;
  std::vector<std::string> values{};
  std::uint16_t source = 0;
  int times = 1;              ///< So many records alike.
  bool by_reader = true;      ///< Else by mapping: the reader counts it among the good ones.
  bool hides_groups = false;  ///< Only what group it names cannot be known.
  std::string file = "people.csv";
};

Row User(const std::string& key, Values more = {});
Row Contact(const std::string& key, std::vector<std::string> groups = {}, Values more = {});
Row Group(const std::string& name, Values more = {});
/// From source 1, "other", by its rule.
Row OfOther(Row row);
FieldSet Fields(Kind kind, const Values& values);

/// The defaults of the manual.
config::GuardsConfig DefaultGuards();
/// Guards so wide that nothing holds, for tests of something else.
config::GuardsConfig WideGuards();

class World {
 public:
  /// Rules 0 users, 1 groups, 2 contacts, all from source 0 "hr"; source 1 is "other" and has rule 3 for users.
  World();

  testing::MemoryState state;
  Policy policy;
  Instant now;
  std::vector<Row> rows;
  std::vector<BadRow> bad_rows;
  std::vector<Snapshot> snapshots;  ///< By source; records are counted by Plan().
  std::vector<bool> healthy{true, true};
  std::vector<bool> is_read{true, true};                      ///< By source; false: nothing came of it.
  std::vector<std::pair<std::string, std::uint64_t>> filled;  ///< Of source 0: mapped column → records with a value.
  bool hides_groups = false;                                  ///< Of source 0: SourceState's.
  const TargetListing* listing = nullptr;
  std::set<Kind> unlisted;  ///< Kinds that the target did not list.
  std::string only;
  Trace* trace = nullptr;
  std::string config_hash = "c0";
  MakeSpillFile make_spill_file;
  std::function<std::ostream&()> file;  ///< Where the plan is written as it is made.

  void Add(Row row);
  /// Everybody of `kind` leaves the export.
  void Remove(Kind kind, const std::string& key);
  Row& Get(Kind kind, const std::string& key);
  void Pass(Duration time) { now += time; }
  /// Whether anything comes of source 1, "other".
  void SetOtherThere(bool is_there) { is_read[1] = healthy[1] = is_there; }

  Planner::Result Plan();
  Planner::Result Sync();
};

/// E1 to E`people`, known to the state.
World CompanyOf(int people);
/// The same, of whom `key` was outside the scope of the rule when last seen, and then vanished.
World CompanyWithOneOutside(int people, const std::string& key);

/// "user suspend E1" for each operation, in order.
std::vector<std::string> Lines(const ucaas_sync::Plan& plan);
std::vector<Operation> Operations(const ucaas_sync::Plan& plan);
const GuardVerdict* FindGuard(const ucaas_sync::Plan& plan, const std::string& name, const std::string& subject = "");
std::string AsJson(const ucaas_sync::Plan& plan);
bool Contains(const std::string& text, const std::string& part);

}  // namespace ucaas_sync::plan
