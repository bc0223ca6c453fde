#include "daemon/report/run_log.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "connectors/ucaas/json_view.h"
#include "tests/report/sample.h"
#include "tests/support/fake_clock.h"

namespace ucaas_sync::report {
namespace {

struct Written {
  testing::FakeClock clock;
  std::vector<std::string> pieces;
  RunLog log;
  explicit Written(RunLogOptions options)
      : log(clock, options, [this](std::string_view piece) { pieces.emplace_back(piece); }) {}
};

TEST_CASE("text for people: time, level, sentence") {
  Written written({});
  written.log.OnEvent({.severity = Severity::kWarning, .name = "operation_failed", .text = "update user E1: no"});
  CHECK(written.pieces == std::vector<std::string>{"2026-11-23T09:00:00Z warning update user E1: no\n"});
}

TEST_CASE("JSON for machines: every line is an object with time, level, event and text") {
  Written written({.style = LogStyle::kJson});
  written.log.OnEvent({.severity = Severity::kError, .name = "run_failed", .text = kHostile});
  REQUIRE(written.pieces.size() == 1);
  const auto document = ucaas::JsonDocument::Parse(written.pieces.front());
  REQUIRE(document.has_value());
  CHECK(document->root().FindText("time") == "2026-11-23T09:00:00Z");
  CHECK(document->root().FindText("level") == "error");
  CHECK(document->root().FindText("event") == "run_failed");
  CHECK(document->root().FindText("text") == kHostile);
}

TEST_CASE("journald gets its level as a prefix, and no time of ours") {
  Written written({.least = Severity::kDebug, .style = LogStyle::kJournal});
  for (const Severity severity : {Severity::kDebug, Severity::kInfo, Severity::kWarning, Severity::kError}) {
    written.log.OnEvent({.severity = severity, .name = "something", .text = "happened"});
  }
  CHECK(written.pieces == std::vector<std::string>{"<7>something: happened\n", "<6>something: happened\n",
                                                   "<4>something: happened\n", "<3>something: happened\n"});
}

TEST_CASE("one event is one line, whatever is in it") {
  for (const LogStyle style : {LogStyle::kText, LogStyle::kJson, LogStyle::kJournal}) {
    Written written({.style = style});
    written.log.OnEvent({.severity = Severity::kInfo, .name = "x", .text = kHostile + std::string("\0after", 6)});
    REQUIRE(written.pieces.size() == 1);
    const std::string& line = written.pieces.front();
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    CHECK(line.back() == '\n');
    CHECK(line.find('\r') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
    CHECK(line.find('\0') == std::string::npos);
    CHECK(line.find("after") != std::string::npos);
  }
}

TEST_CASE("what is less than asked for is not written") {
  Written written({.least = Severity::kWarning});
  written.log.OnEvent({.severity = Severity::kInfo, .name = "x", .text = "x"});
  CHECK(written.pieces.empty());
}

TEST_CASE("colour only when asked, and only on what is not well") {
  Written plain({});
  plain.log.OnEvent({.severity = Severity::kError, .name = "x", .text = "x"});
  CHECK(plain.pieces.front().find('\x1b') == std::string::npos);
  Written painted({.colour = true});
  painted.log.OnEvent({.severity = Severity::kInfo, .name = "x", .text = "x"});
  CHECK(painted.pieces.front().find('\x1b') == std::string::npos);
  painted.log.OnEvent({.severity = Severity::kError, .name = "x", .text = "x"});
  CHECK(painted.pieces.back().find("\x1b[31m") != std::string::npos);
}

TEST_CASE("progress is drawn only when asked") {
  Written silent({});
  silent.log.OnProgress("apply", 1, 10);
  CHECK(silent.pieces.empty());
  Written drawn({.progress = true});
  drawn.log.OnProgress("apply", 5, 10);
  REQUIRE(drawn.pieces.size() == 1);
  CHECK(drawn.pieces.front().find("apply [############............] 5 of 10") != std::string::npos);
  CHECK(drawn.pieces.front().find('\n') == std::string::npos);
}

TEST_CASE("progress is drawn ten times a second at most, and at the end") {
  Written written({.progress = true});
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    written.clock.Advance(Duration(1));
    written.log.OnProgress("apply", i, 1000);
  }
  CHECK(written.pieces.size() <= 12);
  CHECK(written.pieces.back().find("1,000 of 1,000") != std::string::npos);
}

TEST_CASE("progress says what is left, once that can be told") {
  Written written({.progress = true});
  written.log.OnProgress("apply", 0, 100);
  written.clock.Advance(Duration(10'000));
  written.log.OnProgress("apply", 25, 100);
  CHECK(written.pieces.back().ends_with("25 of 100, 30 s left"));
}

TEST_CASE("an event erases the progress line first, so that neither spoils the other") {
  Written written({.progress = true});
  written.log.OnProgress("apply", 5, 10);
  written.log.OnEvent({.severity = Severity::kInfo, .name = "x", .text = "x"});
  REQUIRE(written.pieces.size() == 3);
  CHECK(written.pieces[1] == "\r\x1b[K");
}

TEST_CASE("an incomplete snapshot is a warning that says why") {
  Written written({});
  Snapshot snapshot;
  snapshot.source = "hr";
  snapshot.location = "/srv/hr/people.csv";
  snapshot.records = 3;
  snapshot.incomplete =
      Problem{.at = {.file = "/srv/hr/people.csv", .line = 4, .column = 0}, .what = "ends inside a row", .remedy = {}};
  written.log.OnSnapshot(snapshot);
  CHECK(written.pieces.front().find("warning source hr: 3 records from /srv/hr/people.csv; INCOMPLETE: "
                                    "/srv/hr/people.csv:4: ends inside a row") != std::string::npos);
}

TEST_CASE("repeats are said once in a hundred") {
  Written written({});
  for (int i = 0; i < 250; ++i) written.log.OnRetry("paced");
  CHECK(written.pieces.size() == 3);
}

}  // namespace
TEST_CASE(
    "a person is named in full, by key, or by twelve digits of the key's SHA-256; the target's words only in full") {
  const Event event{.severity = Severity::kWarning,
                    .name = "operation_failed",
                    .text = "update user",
                    .key = "E17",
                    .rest = " failed",
                    .quoted = "ada@example.com is taken"};
  const auto line_with = [&](std::optional<config::People> people) {
    testing::FakeClock clock;
    std::string out;
    RunLog log(clock, {.style = LogStyle::kJournal}, [&out](std::string_view text) { out += text; });
    if (people) log.Configure({.level = "info", .format = {}, .people = *people});
    log.OnEvent(event);
    return out;
  };
  CHECK(line_with({}) == "<4>operation_failed: update user E17 failed: ada@example.com is taken\n");
  CHECK(line_with(config::People::kFull) == line_with({}));
  CHECK(line_with(config::People::kKey) == "<4>operation_failed: update user E17 failed\n");
  CHECK(line_with(config::People::kHash) == "<4>operation_failed: update user 036d49609e99 failed\n");
}

}  // namespace ucaas_sync::report
