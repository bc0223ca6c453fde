#include "connectors/notify/webhook.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/support/scripted_server.h"

namespace ucaas_sync::notify {
namespace {

const Notice kNotice{.event = "held",
                     .subject = "ucaas-sync on hr1: a guard holds the changes",
                     .text = "held by user.suspend: 61, limit 60\n\"quoted\"",
                     .run = "20261124T115900-4f2a",
                     .outcome = "held"};

std::optional<std::string> Post(const std::string& url, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const WebhookLibrary library;
  const std::atomic<bool> stop = false;
  return PostNotice(config::Secret(url), kNotice, limit, stop);
}

}  // namespace

TEST_CASE("a notice is posted as JSON whose text chat services show") {
  const test::ScriptedServer server({test::Answer("200 OK", "ok")});
  CHECK_FALSE(Post(server.base_url() + "hook"));
  REQUIRE(server.requests().size() == 1);
  const std::string request = server.requests()[0];
  CHECK(request.starts_with("POST /v1/hook HTTP/1.1\r\n"));
  CHECK(request.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(
      request.ends_with(R"({"text":"ucaas-sync on hr1: a guard holds the changes\nheld by user.suspend: 61, limit 60\n)"
                        R"(\"quoted\"","event":"held","run":"20261124T115900-4f2a","outcome":"held"})"));
}

TEST_CASE("a listener that refuses, redirects, stalls or is gone is a reason, without the address and its token") {
  const auto reason = [](const std::string& url) {
    const auto why = Post(url + "secret-token", std::chrono::milliseconds(300));
    REQUIRE(why);
    CHECK(why->find("secret-token") == std::string::npos);
    return *why;
  };
  {
    const test::ScriptedServer server({test::Answer("403 Forbidden", "no")});
    CHECK(reason(server.base_url()) == "the listener answered with HTTP status 403");
  }
  {
    const test::ScriptedServer server({test::Answer("302 Found", "", "Location: http://127.0.0.1:1/elsewhere\r\n")});
    CHECK(reason(server.base_url()) == "the listener answered with HTTP status 302");
    CHECK(server.requests().size() == 1);
  }
  {
    const test::ScriptedServer server({{test::ReadRequest(), test::Stall()}});
    CHECK(reason(server.base_url()) == "Timeout was reached");
  }
  CHECK_FALSE(reason("http://127.0.0.1:" + std::to_string(test::RefusingPort()) + "/").empty());
}

TEST_CASE("a certificate that nobody vouches for is refused") {
  const test::ScriptedServer server({test::Answer("200 OK", "ok")}, test::TlsIdentity::SelfSigned("127.0.0.1", 10));
  const auto why = Post(server.base_url());
  REQUIRE(why);
  CHECK(server.requests().empty());
}

TEST_CASE("a service that stops does not wait for the listener") {
  const test::ScriptedServer server({{test::ReadRequest(), test::Stall()}});
  const WebhookLibrary library;
  std::atomic<bool> stop = false;
  std::thread stopper([&] {
    while (server.requests().empty()) std::this_thread::yield();
    stop = true;
  });
  const auto began = std::chrono::steady_clock::now();
  const auto why = PostNotice(config::Secret(server.base_url()), kNotice, std::chrono::seconds(30), stop);
  stopper.join();
  CHECK(why == "the service stops");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}

}  // namespace ucaas_sync::notify
