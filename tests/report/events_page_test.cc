#include "daemon/report/events_page.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "daemon/model/events.h"

namespace ucaas_sync::report {
namespace {

std::string Unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

TEST_CASE("the manual's page has every event with its level, its sentence and its advice") {
  const std::string page = Unescaped(EventsPage());
  for (const EventType& event : EventCatalogue()) {
    CAPTURE(event.name);
    const std::string heading = "\n## " + std::string(event.name) + " (" + std::string(Word(event.severity)) + ")\n\n";
    const std::size_t at = page.find(heading);
    REQUIRE(at != std::string::npos);
    CHECK(page.find(heading, at + 1) == std::string::npos);
    CHECK(page.compare(at + heading.size(), event.sentence.size(), event.sentence) == 0);
    std::string advice(event.advice);
    std::replace(advice.begin(), advice.end(), '`', '*');  // what is typed is bold
    CHECK(page.find(advice + "\n", at) != std::string::npos);
  }
}

TEST_CASE("no sign in the catalogue is taken for a mark of scdoc") {
  const std::string page = EventsPage();
  const std::string events = page.substr(page.find("# EVENTS"));
  for (std::size_t i = 1; i < events.size(); ++i) {
    if (events[i] == '_') CHECK(events[i - 1] == '\\');
  }
}

}  // namespace
}  // namespace ucaas_sync::report
