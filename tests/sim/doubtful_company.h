// A small company behind a configuration that a seed draws: one source or several joined, records that lead others,
// filters of every sort, groups by name, by attribute or by member lists. Its records can be made unreadable, one by
// one. The real mapper, planner and executor on a state and a target in memory. Single-threaded.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/mapping/mapper.h"
#include "daemon/plan/planner.h"
#include "tests/sim/random.h"
#include "tests/sim/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::sim {

struct Entry {
  std::string dn;
  std::vector<std::pair<std::string, std::string>> values;
  bool is_broken = false;   ///< The reader rejects it, with these values.
  bool is_damaged = false;  ///< In any way, once.

  const std::string& Of(const std::string& attribute) const;
  void Set(const std::string& attribute, const std::string& value);
};

struct Feed {
  std::string name;
  std::vector<Entry> entries;
  bool is_whole = true;
};

/// What a run did, or would have done if no guard had held it.
struct Changes {
  bool is_held = false;
  std::vector<std::string> lines;
};

class DoubtfulCompany {
 public:
  explicit DoubtfulCompany(Random& random);

  std::vector<Feed> feeds;  ///< As they lie on the disk; by source.
  testing::FakeClock clock;

  /// The state's files are gone; the account is as it was.
  void LoseState() { store_.emplace(fuse_); }
  /// All that the account shows.
  std::string Account() const;
  /// One run. Nothing when a source cannot be used.
  std::optional<Changes> Sync();
  /// Runs a day apart, until two have nothing to do. False: they always have.
  bool Settle();
  /// People leave, get another key, another address or that of somebody who leaves, or come from
  /// outside into the company. `forgets`: the state will be lost, and only addresses tell who is who.
  void LiveOn(Random& random, bool forgets);
  /// Takes from what is known, without saying anything else; answers with what, for people.
  std::string Damage(Random& random, bool forgets);
  /// Configuration and records, for people.
  std::string ToString() const;

 private:
  void DrawConfig(Random& random);
  void DrawPeople(Random& random);
  void DrawGroups(Random& random);
  config::RuleConfig PeopleRule(Kind kind) const;
  /// The same users of another source, which nobody joins.
  static config::RuleConfig ExternalsRule(config::RuleConfig users);
  Feed& FeedNamed(const std::string& name);
  bool Has(const std::string& name) const;
  std::vector<Entry*> EntriesOf(const std::string& id);
  /// Of somebody who may work there; empty when there is nobody else.
  std::string SomebodysAddress(Random& random, const std::string& but);
  bool Deliver(std::size_t source, std::vector<Snapshot>& snapshots, std::vector<SnapshotHistory>& histories);

  config::Config config_;
  std::vector<std::string> words_;  // of the configuration, for people
  std::string filter_;
  std::string left_;
  std::string scope_;
  std::string key_;  // of people
  bool clears_ = false;
  Duration absent_after_{};
  bool has_old_ = false;
  bool prefers_ = false;
  std::size_t groups_from_ = 0;  // 0: by HR's team, 1: by the directory's memberOf, 2: by lists of members
  std::string title_;
  std::string department_;

  std::optional<mapping::Mapper> mapper_;
  plan::Policy policy_;
  Fuse fuse_;
  std::optional<Store> store_{std::in_place, fuse_};
  std::vector<std::string> log_;
  testing::FakeTarget target_{clock, log_};
};

}  // namespace ucaas_sync::sim
