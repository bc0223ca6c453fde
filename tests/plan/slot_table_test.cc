#include "daemon/plan/slot_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_state.h"

namespace ucaas_sync::plan {
namespace {

using testing::MemoryState;

// Few values in each half, so that buckets and tags are shared by many.
Hash128 CrowdedHash(std::mt19937_64& random) {
  return {.high = (random() % 4) << 32U | random() % 3, .low = random() % 5 + (random() % 7 << 40U)};
}

TEST_CASE("an entity is found by its kind and whole key hash, however crowded the table is") {
  SlotTable table(MemoryState{}, {});
  std::map<std::pair<Kind, Hash128>, SlotId> plain;
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const Kind kind = kAllKinds[random() % kKindCount];
    const Hash128 hash = i % 2 == 0 ? CrowdedHash(random) : Hash128{.high = random(), .low = random()};
    const auto known = plain.find({kind, hash});
    CHECK(table.Find(kind, hash) == (known == plain.end() ? kNone : known->second));
    const SlotId id = table.FindOrAdd(kind, hash);
    const auto [it, is_new] = plain.emplace(std::pair(kind, hash), id);
    CHECK(it->second == id);
    CHECK(table[id].key_hash == hash);
    CHECK((table[id].kind == kind));
  }
  CHECK(table.size() == plain.size());
  for (const auto& [which, id] : plain) CHECK(table.Find(which.first, which.second) == id);
}

TEST_CASE("of whoever is known the first former source is kept, and a newcomer has none") {
  MemoryState state;
  state.source_names = {"hr", "dir", "other"};
  state.Add(Kind::kUser, "E1", {});
  SlotTable table(state, {"hr", "dir", "other"});
  const SlotId known = table.FindOrAdd(Kind::kUser, HashOf("E1"));
  const SlotId newcomer = table.FindOrAdd(Kind::kUser, HashOf("E2"));
  for (const std::uint16_t source : {std::uint16_t{0}, std::uint16_t{1}}) {
    table.NoteFormerSource(known, source);
    table.NoteFormerSource(newcomer, source);
  }
  CHECK(table.FormerSourceOf(known) == 0);
  CHECK(table.FormerSourceOf(newcomer) == kNoSource);
}

TEST_CASE("known keys are found in the order of the state, in any other, and with newcomers between") {
  MemoryState state;
  state.source_names = {"hr"};
  constexpr int kKnown = 500;
  const auto hash = [](int i) { return HashOf("E" + std::to_string(i)); };
  for (int i = 0; i < kKnown; ++i) state.Add(Kind::kUser, "E" + std::to_string(i), {});
  SlotTable table(state, {"hr"});
  for (const int step : {1, 7, kKnown - 1}) {
    for (int i = 0; i < kKnown; ++i) {
      const Hash128 key = hash(i * step % kKnown);
      const SlotId id = table.FindOrAdd(Kind::kUser, key);
      REQUIRE(id < table.known());
      REQUIRE(table[id].key_hash == key);
      if (i % 50 == 0) REQUIRE(table.FindOrAdd(Kind::kUser, hash(-1 - i * step)) >= table.known());
      if (i % 60 == 0) REQUIRE(table.FindOrAdd(Kind::kContact, key) >= table.known());
    }
  }
}

/// Gives its rows in another order than by their numbers, and one of a source that it does not name.
class Disorderly : public MemoryState {
 public:
  void ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const override {
    std::vector<KnownEntity> all;
    MemoryState::ForEachKnown([&all](const KnownEntity& known) { all.push_back(known); });
    std::reverse(all.begin(), all.end());
    all.front().source = 9;
    for (const KnownEntity& known : all) visit(known);
  }
};

template <typename State>
void CheckRows() {
  State state;
  state.source_names = {"hr"};
  std::vector<std::int64_t> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(state.Add(Kind::kUser, "E" + std::to_string(i), {}));
  state.rows.erase(rows[50]);
  const SlotTable table(state, {"hr"});
  for (const std::int64_t row : rows) {
    const SlotId id = table.WithRow(row);
    if (row == rows[50]) {
      CHECK(id == kNone);
    } else {
      REQUIRE(id != kNone);
      CHECK(table.RowOf(id) == row);
    }
  }
  CHECK(table.WithRow(rows.front() - 1) == kNone);
  CHECK(table.WithRow(rows.back() + 1) == kNone);
}

TEST_CASE("an entity is found by its row, in whatever order the state gives them") {
  CheckRows<MemoryState>();
  CheckRows<Disorderly>();
}

TEST_CASE("a source that is not in the configuration any more, or that the state does not name, is none") {
  MemoryState state;
  state.source_names = {"old", "hr"};
  const std::int64_t of_old = state.Add(Kind::kUser, "E1", {}, "old");
  const std::int64_t of_hr = state.Add(Kind::kUser, "E2", {}, "hr");
  const SlotTable table(state, {"hr"});
  CHECK(table[table.WithRow(of_old)].source == kNoSource);
  CHECK(table[table.WithRow(of_hr)].source == 0);

  Disorderly disorderly;
  disorderly.source_names = {"hr"};
  const std::int64_t unnamed = disorderly.Add(Kind::kUser, "E3", {}, "hr");
  const SlotTable other(disorderly, {"hr"});
  CHECK(other[other.WithRow(unnamed)].source == kNoSource);
}

TEST_CASE("what the state knows keeps its number while newcomers are added") {
  MemoryState state;
  state.source_names = {"hr"};
  for (int i = 0; i < 3'000; ++i) state.Add(Kind::kUser, "E" + std::to_string(i), {});
  SlotTable table(state, {"hr"});
  REQUIRE(table.known() == 3'000);
  for (int i = 0; i < 6'000; ++i) table.FindOrAdd(Kind::kContact, HashOf("E" + std::to_string(i)));
  CHECK(table.size() == 9'000);
  state.ForEachKnown([&](const KnownEntity& known) {
    const SlotId id = table.Find(Kind::kUser, known.key_hash);
    REQUIRE(id != kNone);
    CHECK(id < table.known());
    CHECK(table.RowOf(id) == known.id);
    CHECK(table.WithRow(known.id) == id);
  });
}

}  // namespace
}  // namespace ucaas_sync::plan
