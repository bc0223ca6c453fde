#include "daemon/report/status.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace ucaas_sync::report {
namespace {

const Instant kNoon = *ParseInstant("2026-11-01T12:00:00Z");

Status Example() {
  Status status;
  RunRecord run;
  run.id = "r1";
  run.trigger = "command";
  run.started = kNoon;
  run.ended = kNoon;
  run.outcome = ExitCode::kHeld;
  run.message = "held by \"user.suspend\"";
  run.summary[Index(Kind::kUser)].actions[Index(Action::kSuspend)] = 4;
  status.runs = {run};
  status.quarantine = {{.kind = "user",
                        .key = "E9",
                        .reason = "e-mail missing",
                        .since = kNoon,
                        .source = {.name = "hr", .line = 3, .dn = {}},
                        .fingerprint = {},
                        .by_target = false}};
  status.held = "held by user.suspend: 4, limit 3";
  status.due = {{.kind = Kind::kUser, .action = Action::kSuspend, .key = "E7", .at = kNoon, .reason = "absent"}};
  return status;
}

TEST_CASE("the JSON has the keys that scripts may rely on, and escapes what it quotes") {
  std::ostringstream out;
  WriteStatusJson(Example(), out);
  const std::string json = out.str();
  CHECK(json.starts_with(
      R"({"runs":[{"id":"r1","outcome":"held","started":"2026-11-01T12:00:00Z","ended":"2026-11-01T12:00:00Z")"
      R"(,"trigger":"command","message":"held by \"user.suspend\"")"));
  for (const char* key :
       {"\"summary\":{\"user\":{\"create\":0", "\"quarantine\":[{\"kind\":\"user\",\"key\":\"E9\"",
        "\"held\":{\"message\":", "\"due\":[{\"kind\":\"user\",\"action\":\"suspend\"", "\"next_run\":null"}) {
    CHECK(json.find(key) != std::string::npos);
  }
  std::ostringstream empty;
  WriteStatusJson({}, empty);
  CHECK(empty.str() == "{\"runs\":[],\n\"quarantine\":[],\n\"held\":null,\n\"due\":[],\n\"next_run\":null}\n");
}

TEST_CASE("the text says how the last run ended, what waits for a person and who is due") {
  std::ostringstream out;
  WriteStatusText(Example(), kNoon + std::chrono::hours(2), /*colour=*/false, out);
  const std::string text = out.str();
  CHECK(text.starts_with("Last run: held, 2 h ago\n"));
  CHECK(text.find("Waiting for a person: held by user.suspend: 4, limit 3") != std::string::npos);
  CHECK(text.find("suspend user E7  absent") != std::string::npos);
  CHECK(text.find("user E9: e-mail missing") != std::string::npos);
}

TEST_CASE("before the first run the text says what to do") {
  std::ostringstream out;
  WriteStatusText({}, kNoon, /*colour=*/false, out);
  CHECK(out.str() == "No run yet. `ucaas-sync plan` shows what the first would do.\n");
}

}  // namespace
}  // namespace ucaas_sync::report
