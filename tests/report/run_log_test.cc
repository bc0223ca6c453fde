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
  written.log.OnEvent({.id = EventId::kOperationFailed, .text = "update user E1: no"});
  CHECK(written.pieces ==
        std::vector<std::string>{"2026-11-23T09:00:00Z warning update user E1: no [operation_failed]\n"});
}

TEST_CASE("in text only what somebody should look up has its name") {
  Written written({});
  written.log.OnEvent({.id = EventId::kRunFinished, .text = "run 1: converged"});
  CHECK(written.pieces == std::vector<std::string>{"2026-11-23T09:00:00Z info    run 1: converged\n"});
}

TEST_CASE("JSON for machines: every line is an object with time, level, event and text") {
  Written written({.style = LogStyle::kJson});
  written.log.OnEvent({.id = EventId::kRunFailed, .text = kHostile});
  REQUIRE(written.pieces.size() == 1);
  const auto document = ucaas::JsonDocument::Parse(written.pieces.front());
  REQUIRE(document.has_value());
  CHECK(document->root().FindText("time") == "2026-11-23T09:00:00Z");
  CHECK(document->root().FindText("level") == "error");
  CHECK(document->root().FindText("event") == "run_failed");
  CHECK(document->root().FindText("text") == kHostile);
}

TEST_CASE("journald gets its level as a prefix and the event's name, and no time of ours") {
  Written written({.least = Severity::kDebug, .style = LogStyle::kJournal});
  for (const EventId event :
       {EventId::kRunBegun, EventId::kRunFinished, EventId::kOperationFailed, EventId::kRunFailed}) {
    written.log.OnEvent({.id = event, .text = "happened"});
  }
  CHECK(written.pieces == std::vector<std::string>{"<7>run_begun: happened\n", "<6>run_finished: happened\n",
                                                   "<4>operation_failed: happened\n", "<3>run_failed: happened\n"});
}

TEST_CASE("one event is one line, whatever is in it") {
  for (const LogStyle style : {LogStyle::kText, LogStyle::kJson, LogStyle::kJournal}) {
    Written written({.style = style});
    written.log.OnEvent({.id = EventId::kRunFinished, .text = kHostile + std::string("\0after", 6)});
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
  written.log.OnEvent({.id = EventId::kRunFinished, .text = "x"});
  CHECK(written.pieces.empty());
}

TEST_CASE("colour only when asked, and only on what is not well") {
  Written plain({});
  plain.log.OnEvent({.id = EventId::kRunFailed, .text = "x"});
  CHECK(plain.pieces.front().find('\x1b') == std::string::npos);
  Written painted({.colour = true});
  painted.log.OnEvent({.id = EventId::kRunFinished, .text = "x"});
  CHECK(painted.pieces.front().find('\x1b') == std::string::npos);
  painted.log.OnEvent({.id = EventId::kRunFailed, .text = "x"});
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
  written.log.OnEvent({.id = EventId::kRunFinished, .text = "x"});
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

TEST_CASE("of one event a hundred lines are written in a minute, then how many more came") {
  Written written({.style = LogStyle::kJournal});
  for (int i = 0; i < 250; ++i) written.log.OnEvent({.id = EventId::kOperationFailed, .text = std::to_string(i)});
  CHECK(written.pieces.size() == 100);
  written.log.OnEvent({.id = EventId::kExistingAdopted, .text = "another one is not held back"});
  CHECK(written.pieces.size() == 101);
  written.clock.Advance(Duration(60'000));
  written.log.OnEvent({.id = EventId::kOperationFailed, .text = "later"});
  REQUIRE(written.pieces.size() == 103);
  CHECK(written.pieces[101] ==
        "<4>repeats_left_out: 150 more of operation_failed came within a minute and are not written\n");
  CHECK(written.pieces[102] == "<4>operation_failed: later\n");
}

TEST_CASE("what was left out is told before the line that ends a run, and when the program ends") {
  std::vector<std::string> pieces;
  testing::FakeClock clock;
  {
    RunLog log(clock, {.style = LogStyle::kJournal}, [&](std::string_view piece) { pieces.emplace_back(piece); });
    for (int i = 0; i < 103; ++i) log.OnEvent({.id = EventId::kOperationFailed, .text = "no"});
    log.OnEvent({.id = EventId::kRunPartial, .text = "end"});
    REQUIRE(pieces.size() == 102);
    CHECK(pieces[100].find("repeats_left_out: 3 more of operation_failed") != std::string::npos);
    CHECK(pieces[101] == "<4>run_partial: end\n");
    log.OnEvent({.id = EventId::kOperationFailed, .text = "no"});
    CHECK(pieces.size() == 102);
  }
  CHECK(pieces.back().find("1 more of operation_failed") != std::string::npos);
}

TEST_CASE("who asks for debugging gets every line of it") {
  Written written({.least = Severity::kDebug});
  for (int i = 0; i < 1000; ++i) written.log.OnEvent({.id = EventId::kRequestRetried, .text = "again"});
  CHECK(written.pieces.size() == 1000);
}

TEST_CASE("a million repeats cost no memory and a line a minute") {
  Written written({});
  for (int i = 0; i < 1'000'000; ++i) {
    written.clock.Advance(Duration(1));
    written.log.OnEvent({.id = EventId::kOperationFailed, .text = "no"});
  }
  CHECK(written.pieces.size() <= 17 * 101);
}

TEST_CASE("the JSON of a line is valid whatever bytes are in it, and gives back what is text") {
  const std::string torn = "\xff\xfe \xed\xa0\x80 \xc3";
  Written written({.style = LogStyle::kJson});
  written.log.OnEvent({.id = EventId::kOperationFailed,
                       .text = torn,
                       .key = kHostile,
                       .rest = std::string("\0\"\\\r\n\t\x7f", 7),
                       .quoted = "</script>"});
  REQUIRE(written.pieces.size() == 1);
  const auto document = ucaas::JsonDocument::Parse(written.pieces.front());
  REQUIRE(document.has_value());
  CHECK(document->root().FindText("event") == "operation_failed");
  CHECK(document->root().FindText("text")->ends_with("</script>"));
  CHECK(document->root().FindText("text")->find(kHostile) != std::string::npos);
}

TEST_CASE("the paragraphs of a failure become one line in the journal") {
  Written written({.style = LogStyle::kJournal});
  written.log.OnEvent({.id = EventId::kCommandFailed, .text = "config: a.yaml:1:2: no\na.yaml:3:4: nor this"});
  CHECK(written.pieces ==
        std::vector<std::string>{"<3>command_failed: config: a.yaml:1:2: no; a.yaml:3:4: nor this\n"});
}

TEST_CASE("pauses and retries are said once in a hundred") {
  Written written({});
  for (int i = 0; i < 250; ++i) written.log.OnRetry("paced");
  CHECK(written.pieces.size() == 3);
}

}  // namespace
TEST_CASE(
    "a person is named in full, by key, or by twelve digits of the key's SHA-256, the target's words only in full") {
  const Event event{.id = EventId::kOperationFailed,
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
