// Pieces that do not fit in memory: they come back as they went in, from wherever they lie.
#include "daemon/model/packed_bytes.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/spill_in_memory.h"

namespace ucaas_sync {
namespace {

using testing::SpillInMemory;

/// Long enough that some thousands of them do not fit in memory.
std::string PieceOf(std::size_t number) {
  return std::to_string(number) + ':' + std::string(1'000 + number % 5'000, static_cast<char>('a' + number % 26));
}

std::vector<PackedBytes::Place> Fill(PackedBytes& bytes, std::size_t begin, std::size_t end) {
  std::vector<PackedBytes::Place> places;
  for (std::size_t i = begin; i < end; ++i) places.push_back(bytes.Append(PieceOf(i)));
  return places;
}

constexpr std::size_t kMany = 5'000;

TEST_CASE("pieces come back in any order, those of the spill file too") {
  SpillInMemory spill;
  PackedBytes bytes(spill.maker());
  const std::vector<PackedBytes::Place> places = Fill(bytes, 0, kMany);
  CHECK(spill.size() > PackedBytes::kInMemory);
  CHECK(bytes.IsInMemory(places.front()));
  CHECK_FALSE(bytes.IsInMemory(places[kMany / 2]));
  CHECK(bytes.IsInMemory(places.back()));
  for (std::size_t i = 0; i < kMany; ++i) REQUIRE(bytes.Read(places[i]) == PieceOf(i));
  std::mt19937 random(3);
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::size_t one = random() % kMany;
    REQUIRE(bytes.Read(places[one]) == PieceOf(one));
  }
}

TEST_CASE("what fits in memory makes no file") {
  SpillInMemory spill;
  PackedBytes bytes(spill.maker());
  const std::vector<PackedBytes::Place> places = Fill(bytes, 0, 500);
  CHECK(spill.files() == 0);
  CHECK(bytes.Read(places[499]) == PieceOf(499));
}

TEST_CASE("pieces of no byte and of more than a chunk are pieces too") {
  SpillInMemory spill;
  PackedBytes bytes(spill.maker());
  Fill(bytes, 0, kMany);
  const std::string large(3'000'000, 'x');
  const PackedBytes::Place none = bytes.Append("");
  const PackedBytes::Place much = bytes.Append(large);
  const PackedBytes::Place after = bytes.Append("after");
  Fill(bytes, 0, kMany);
  CHECK_FALSE(bytes.IsInMemory(much));
  CHECK(bytes.Read(none).empty());
  CHECK(bytes.Read(much) == large);
  CHECK(bytes.Read(after) == "after");
}

TEST_CASE("a copy and what it was copied from go on by themselves") {
  SpillInMemory spill;
  PackedBytes one(spill.maker());
  const std::vector<PackedBytes::Place> shared = Fill(one, 0, kMany);
  PackedBytes other = one;
  const std::vector<PackedBytes::Place> of_one = Fill(one, kMany, 2 * kMany);
  const std::vector<PackedBytes::Place> of_other = Fill(other, 2 * kMany, 3 * kMany);
  for (std::size_t i = 0; i < kMany; ++i) {
    REQUIRE(one.Read(shared[i]) == PieceOf(i));
    REQUIRE(other.Read(shared[i]) == PieceOf(i));
    REQUIRE(one.Read(of_one[i]) == PieceOf(kMany + i));
    REQUIRE(other.Read(of_other[i]) == PieceOf(2 * kMany + i));
  }
}

TEST_CASE("where there is no spill file, or no room in it, everything stays in memory") {
  SpillInMemory spill;
  MakeSpillFile maker = spill.maker();
  SUBCASE("nobody brings one") {
    maker = {};
  }
  SUBCASE("none can be made") {
    maker = [] { return nullptr; };
  }
  SUBCASE("it is full at once") {
    spill.room = 0;
  }
  SUBCASE("it fills up on the way") {
    spill.room = 3'000'000;
  }
  PackedBytes bytes(std::move(maker));
  const std::vector<PackedBytes::Place> places = Fill(bytes, 0, kMany);
  for (std::size_t i = 0; i < kMany; ++i) REQUIRE(bytes.Read(places[i]) == PieceOf(i));
}

TEST_CASE("a spill file that cannot be read says so, and gives no wrong piece afterwards") {
  SpillInMemory spill;
  PackedBytes bytes(spill.maker());
  const std::vector<PackedBytes::Place> places = Fill(bytes, 0, kMany);
  CHECK(bytes.Read(places[2'000]) == PieceOf(2'000));
  spill.is_broken = true;
  CHECK_THROWS_AS(static_cast<void>(bytes.Read(places[3'500])), Failure);
  spill.is_broken = false;
  CHECK(bytes.Read(places[2'000]) == PieceOf(2'000));
  CHECK(bytes.Read(places[3'500]) == PieceOf(3'500));
}

}  // namespace
}  // namespace ucaas_sync
