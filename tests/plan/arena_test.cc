// Texts that are kept while a plan is made.
#include "daemon/plan/arena.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace ucaas_sync::plan {
namespace {

std::string TextOf(std::size_t number) {
  // Of every length up to some hundred, and now and then one that is longer than a block.
  return std::string(number % 1'000 == 7 ? 300'000 : number % 300, static_cast<char>('a' + number % 26));
}

TEST_CASE("texts come back as they were, the empty and the very long ones too") {
  Arena arena;
  std::vector<Arena::Place> places;
  for (std::size_t i = 0; i < 20'000; ++i) places.push_back(arena.Keep(TextOf(i)));
  for (std::size_t i = 0; i < places.size(); ++i) REQUIRE(arena.At(places[i]) == TextOf(i));
}

TEST_CASE("a text stays where it is while others come") {
  Arena arena;
  const std::string_view first = arena.At(arena.Keep("first"));
  for (std::size_t i = 0; i < 20'000; ++i) arena.Keep(TextOf(i));
  CHECK(first == "first");
}

TEST_CASE("a text that comes again at once is kept once, and another one by itself") {
  Arena arena;
  const Arena::Place one = arena.Keep("E1");
  CHECK(arena.Keep("E1") == one);
  const Arena::Place other = arena.Keep("E2");
  CHECK(other != one);
  CHECK(arena.At(arena.Keep("E1")) == "E1");
  CHECK(arena.At(other) == "E2");
}

}  // namespace
}  // namespace ucaas_sync::plan
