#include "daemon/service/run_voice.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/fake_clock.h"

namespace ucaas_sync::service {
namespace {

class Lines final : public Observer {
 public:
  void OnEvent(const Event& event) override { lines.push_back(std::string(TypeOf(event.id).name) + ' ' + event.text); }
  std::vector<std::string> lines;
};

const Event kNo{.id = EventId::kOperationFailed, .text = "no"};
const Event kReloaded{.id = EventId::kConfigurationReloaded, .text = "a.yaml is in force"};

}  // namespace

TEST_CASE("what a failing run says again and again is said once, until one went well") {
  testing::FakeClock clock;
  Lines log;
  SilentObserver metrics;
  RunVoice voice(log, metrics, clock);
  voice.BeginRun(false);
  voice.OnEvent(kNo);
  for (int i = 0; i < 50; ++i) {
    voice.BeginRun(true);
    voice.OnEvent(kNo);
  }
  CHECK(log.lines.size() == 1);
  voice.OnEvent({.id = EventId::kOperationFailed, .text = "another"});
  CHECK(log.lines.size() == 2);
  voice.BeginRun(false);
  voice.OnEvent(kNo);
  CHECK(log.lines.size() == 3);
}

TEST_CASE("an outage that has lasted longer is the same outage, and another reason is another") {
  testing::FakeClock clock;
  Lines log;
  SilentObserver metrics;
  RunVoice voice(log, metrics, clock);
  const auto fail = [&voice](const char* why) {
    voice.BeginRun(true);
    voice.OnOutage({.id = EventId::kRunFailed, .text = why});
  };
  fail("unavailable: the target has not given a usable answer for 10 min 3 s");
  fail("unavailable: the target has not given a usable answer for 10 min 41 s");
  CHECK(log.lines.size() == 1);
  fail("unavailable: the certificate has expired");
  CHECK(log.lines.size() == 2);
}

TEST_CASE("what a person asked the service for is answered each time, also while runs fail") {
  testing::FakeClock clock;
  Lines log;
  SilentObserver metrics;
  RunVoice voice(log, metrics, clock);
  for (int i = 0; i < 3; ++i) {
    voice.BeginRun(true);
    voice.Announce(kReloaded);
  }
  CHECK(log.lines.size() == 3);
}

TEST_CASE("the target's signs of life are the last reply and the last that did not come") {
  testing::FakeClock clock;
  Lines log;
  SilentObserver metrics;
  RunVoice voice(log, metrics, clock);
  CHECK_FALSE(voice.target_signs().answered_at);
  const Instant first = clock.Now();
  voice.OnRequest("GET", "user", 200, "1", {});
  clock.Advance(std::chrono::minutes(1));
  voice.OnRequest("GET", "user", 0, "", {});
  CHECK(voice.target_signs().answered_at == first);
  CHECK(voice.target_signs().failed_at == clock.Now());
  clock.Advance(std::chrono::minutes(1));
  voice.OnRequest("POST", "user", 503, "", {});
  CHECK(voice.target_signs().failed_at == clock.Now());
  // Who refuses is there.
  voice.OnRequest("POST", "user", 429, "", {});
  CHECK(voice.target_signs().answered_at == clock.Now());
}

}  // namespace ucaas_sync::service
