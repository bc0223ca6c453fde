#include "connectors/notify/mail.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace ucaas_sync::notify {
namespace {

constexpr std::chrono::seconds kLong{10};
const std::atomic<bool> kNobodyStops = false;

std::optional<std::string> Hand(const std::string& script, std::chrono::milliseconds limit = kLong) {
  return HandTo({"/bin/sh", "-c", script},
                {.event = "held", .subject = "a subject", .text = "a text", .run = {}, .outcome = {}}, limit,
                kNobodyStops);
}

}  // namespace

TEST_CASE("the program reads a message with a subject, whole, also when it is long") {
  const testing::TemporaryFolder folder;
  const std::string file = folder.Path("mail");
  Notice notice{.event = "held",
                .subject = "held\nBcc: everybody@example.com",
                .text = std::string(300'000, 'x'),
                .run = {},
                .outcome = {}};
  CHECK_FALSE(HandTo({"/bin/sh", "-c", "cat > " + file}, notice, kLong, kNobodyStops));
  std::ifstream in(file);
  const std::string mail{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  CHECK(mail == MessageOf(notice));
  CHECK(mail.starts_with("Subject: held"));
  CHECK(mail.find("\nBcc:") == std::string::npos);
  CHECK(mail.ends_with("x\n"));
}

TEST_CASE("a program that fails, is not there, or does not end is a reason, and is not waited for") {
  CHECK(Hand("echo no such mailbox >&2; exit 3")->find("no such mailbox") != std::string::npos);
  CHECK(HandTo({"/no/such/program"}, {}, kLong, kNobodyStops)->find("cannot be run") != std::string::npos);
  const auto began = std::chrono::steady_clock::now();
  CHECK(Hand("sleep 60", std::chrono::milliseconds(200))->find("took too long") != std::string::npos);
  CHECK(Hand("exec >&-; sleep 60", std::chrono::milliseconds(200))->find("was ended") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  // One that does not read is none of our business.
  CHECK_FALSE(Hand("exit 0"));
}

TEST_CASE("a program under way is ended when somebody stops it, whether it talks, is silent or lingers") {
  for (const char* script : {"sleep 60", "exec >&-; sleep 60", "while :; do echo more; sleep 0.01; done"}) {
    CAPTURE(script);
    std::atomic<bool> stop = false;
    const auto began = std::chrono::steady_clock::now();
    std::thread stopper([&stop] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      stop = true;
    });
    const auto why = HandTo({"/bin/sh", "-c", script}, {}, std::chrono::seconds(30), stop);
    stopper.join();
    REQUIRE(why);
    CHECK(why->find("the service stops") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  }
}

}  // namespace ucaas_sync::notify
