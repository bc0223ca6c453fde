#include "daemon/report/run_log.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace ucaas_sync::report {
namespace {

class FixedClock final : public Clock {
 public:
  Instant Now() const override { return *ParseInstant("2026-11-01T12:00:00Z"); }
  Monotonic Ticks() const override { return ticks; }
  Monotonic ticks{};
};

struct Log {
  FixedClock clock;
  std::string text;
  RunLog log;
  explicit Log(const RunLogOptions& options) : log(clock, options, [this](std::string_view piece) { text += piece; }) {}
};

const Event kHostile{.severity = Severity::kWarning, .name = "operation_failed", .text = "E1\n\x1b[31m \"quoted\""};

TEST_CASE("one event is one line in every style, whatever its text says") {
  for (const LogStyle style : {LogStyle::kText, LogStyle::kJson, LogStyle::kJournal}) {
    Log log({.style = style});
    log.log.OnEvent(kHostile);
    CHECK(std::count(log.text.begin(), log.text.end(), '\n') == 1);
    CHECK(log.text.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("text is for people, JSON for machines, and the journal gets syslog's level") {
  Log text({});
  text.log.OnEvent(kHostile);
  CHECK(text.text == "2026-11-01T12:00:00Z warning E1\\n\\x1b[31m \"quoted\"\n");
  Log json({.style = LogStyle::kJson});
  json.log.OnEvent(kHostile);
  CHECK(json.text ==
        "{\"time\":\"2026-11-01T12:00:00Z\",\"level\":\"warning\",\"event\":\"operation_failed\","
        "\"text\":\"E1\\n\\u001b[31m \\\"quoted\\\"\"}\n");
  Log journal({.style = LogStyle::kJournal});
  journal.log.OnEvent(kHostile);
  CHECK(journal.text.starts_with("<4>operation_failed: E1\\n"));
}

TEST_CASE("what is below the level is not written") {
  Log log({.least = Severity::kError});
  log.log.OnEvent(kHostile);
  CHECK(log.text.empty());
}

TEST_CASE("progress is drawn only where it was asked for, and leaves before a line of the log") {
  Log silent({});
  silent.log.OnProgress("apply", 1, 2);
  CHECK(silent.text.empty());
  Log drawn({.progress = true});
  drawn.log.OnProgress("apply", 1, 2);
  CHECK(drawn.text.find("1 of 2") != std::string::npos);
  drawn.text.clear();
  drawn.log.OnEvent(kHostile);
  CHECK(drawn.text.starts_with("\r\x1b[K2026-11-01"));
}

}  // namespace
}  // namespace ucaas_sync::report
