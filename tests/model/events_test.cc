#include "daemon/model/events.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

namespace ucaas_sync {
namespace {

TEST_CASE("no two events have one name") {
  std::set<std::string_view> names;
  for (const EventType& event : EventCatalogue()) {
    CAPTURE(event.name);
    CHECK(names.insert(event.name).second);
  }
}

TEST_CASE("the name of an event is lower-case words with underscores between them") {
  for (const EventType& event : EventCatalogue()) {
    CAPTURE(event.name);
    CHECK(event.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK(event.name.front() != '_');
    CHECK(event.name.back() != '_');
  }
}

TEST_CASE("every event says what has happened in one sentence, and what to do in a paragraph") {
  std::set<std::string_view> sentences;
  for (const EventType& event : EventCatalogue()) {
    CAPTURE(event.name);
    CHECK(event.sentence.ends_with('.'));
    CHECK(event.sentence.find(". ") == std::string_view::npos);
    CHECK(event.sentence.find('\n') == std::string_view::npos);
    CHECK(sentences.insert(event.sentence).second);
    CHECK(event.advice.ends_with('.'));
    CHECK(event.advice.find('\n') == std::string_view::npos);
    CHECK(event.advice != event.sentence);
  }
}

TEST_CASE("an error or a warning tells the operator more than one short sentence") {
  for (const EventType& event : EventCatalogue()) {
    if (event.severity != Severity::kError && event.severity != Severity::kWarning) continue;
    CAPTURE(event.name);
    constexpr std::size_t kAFewWords = 40;
    CHECK(event.advice.size() > kAFewWords);
  }
}

TEST_CASE("an event is found by its id") {
  for (const EventType& event : EventCatalogue()) CHECK(TypeOf(event.id).name == event.name);
  CHECK(TypeOf(EventId::kRunFailed).name == "run_failed");
}

}  // namespace
}  // namespace ucaas_sync
