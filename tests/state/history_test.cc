// Random histories against a plain map: whatever is done in whatever order, the state says the same as the map.
#include <algorithm>
#include <map>
#include <random>

#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

using Model = std::map<std::pair<Kind, std::string>, StoredEntity>;

std::vector<std::string> KnownGroups(const Model& model, const std::vector<std::string>& groups) {
  std::vector<std::string> known;
  for (const std::string& group : groups) {
    const auto found = model.find({Kind::kGroup, group});
    if (found != model.end() && found->second.lifecycle != Lifecycle::kGone) known.push_back(group);
  }
  return known;
}

void Apply(Model& model, StoredEntity row) {
  if (row.lifecycle == Lifecycle::kGone) {
    row.remote_id.clear();
    row.groups.clear();
    if (row.kind == Kind::kGroup) {
      for (auto& [who, entity] : model) std::erase(entity.groups, row.key);
    }
  }
  model[{row.kind, row.key}] = std::move(row);
}

void CheckEqual(const SqliteStore& store, const Model& model) {
  REQUIRE(store.CountKnown() == model.size());
  std::size_t memberships = 0;
  for (const auto& [who, expected] : model) {
    const auto found = store.Find(who.first, who.second);
    REQUIRE(found);
    REQUIRE(found->fields == expected.fields);
    REQUIRE(found->remote_id == expected.remote_id);
    REQUIRE(found->lifecycle == expected.lifecycle);
    REQUIRE(found->ownership == expected.ownership);
    REQUIRE(found->source == expected.source);
    REQUIRE(found->groups == expected.groups);
    memberships += expected.groups.size();
  }
  store.ForEachMembership([&](std::int64_t, std::int64_t) { --memberships; });
  REQUIRE(memberships == 0);
  REQUIRE(store.Check().empty());
}

class RandomHistory {
 public:
  explicit RandomHistory(unsigned seed) : random_(seed) {}

  StoredEntity Row() {
    const Kind kind = kAllKinds[Below(3)];
    StoredEntity row;
    switch (kind) {
      case Kind::kUser:
        row = User("E" + std::to_string(Below(150)), "D" + std::to_string(Below(4)));
        break;
      case Kind::kGroup:
        row = Group("G" + std::to_string(Below(12)));
        break;
      case Kind::kContact:
        row = Contact("C" + std::to_string(Below(100)), Groups());
        break;
    }
    row.ownership = Below(3) == 0 ? Ownership::kAdopted : Ownership::kCreated;
    row.lifecycle = static_cast<Lifecycle>(std::min<std::uint64_t>(Below(8), 7) < 6 ? 0 : 1 + Below(2));
    row.source = Below(2) == 0 ? "hr" : "s" + std::to_string(Below(5));
    return row;
  }

  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }

 private:
  std::vector<std::string> Groups() {
    std::vector<std::string> groups;
    for (int i = 0; i < 12; ++i) {
      if (Below(4) == 0) groups.push_back("G" + std::to_string(i));
    }
    std::sort(groups.begin(), groups.end());
    return groups;
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("10,000 random operations in random commits, reopened every 500, leave what a map says") {
  const TemporaryDirectory dir;
  constexpr unsigned kSeed = 20'261'123;
  CAPTURE(kSeed);
  RandomHistory random(kSeed);
  Model model;
  auto store = OpenForTest(dir);
  std::uint64_t version = 0;
  std::size_t done = 0;
  std::size_t reopened = 0;
  while (done < 10'000) {
    std::vector<StoredEntity> rows(1 + random.Below(40));
    for (StoredEntity& row : rows) row = random.Row();
    RunOf(*store, rows, kAllActions[random.Below(kActionCount)]);
    // All rows of a commit are written before its memberships: contacts see the groups of the whole commit.
    for (const StoredEntity& row : rows) Apply(model, row);
    for (const StoredEntity& row : rows) {
      if (row.kind != Kind::kContact || row.lifecycle == Lifecycle::kGone) continue;
      StoredEntity& entity = model[{row.kind, row.key}];
      if (entity.lifecycle != Lifecycle::kGone) entity.groups = KnownGroups(model, row.groups);
    }
    done += rows.size();
    REQUIRE(store->Version() >= version);
    REQUIRE(store->Version() <= version + 1);
    version = store->Version();
    if (done / 500 > reopened) {
      reopened = done / 500;
      store.reset();
      store = OpenForTest(dir);
      REQUIRE(store->Version() == version);
      CheckEqual(*store, model);
    }
  }
}

}  // namespace ucaas_sync::state
