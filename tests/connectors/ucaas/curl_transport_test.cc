// The transport against a server that says exactly what it is told to: each way in which an exchange can end.
#include "connectors/ucaas/curl_transport.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "daemon/model/base64.h"
#include "daemon/model/problem.h"
#include "tests/connectors/ucaas/exchange.h"
#include "tests/support/scripted_server.h"

namespace ucaas_sync::ucaas {
namespace {

using test::Answer;
using test::Drip;
using test::ReadHead;
using test::ReadRequest;
using test::Reply;
using test::Reset;
using test::Script;
using test::ScriptedServer;
using test::Send;
using test::Stall;

const std::string kKey = "correct-horse-battery";

CurlOptions OptionsFor(const std::string& base_url) {
  CurlOptions options;
  options.base_url = base_url;
  options.authorization = BasicAuthorization("access-id", config::Secret(kKey));
  options.user_agent = "ucaas-sync/9.8.7";
  options.timeout = Duration{15'000};
  options.connect_timeout = Duration{10'000};
  return options;
}

HttpReply OutcomeWith(Script script, const std::string& method = "POST", Duration timeout = Duration{15'000}) {
  const ScriptedServer server({std::move(script)});
  CurlOptions options = OptionsFor(server.base_url());
  options.timeout = timeout;
  CurlTransport transport(options);
  return Exchange(transport, {.method = method, .path = "users", .headers = {}, .body = method == "POST" ? "{}" : ""});
}

TEST_CASE("a request carries the credentials, the content type and the program's name") {
  const ScriptedServer server({Answer("200 OK", R"({"result":1})", "Retry-After: 7\r\nDate: today\r\n")});
  CurlTransport transport(OptionsFor(server.base_url()));
  const HttpReply reply = Exchange(
      transport, {.method = "PATCH", .path = "users/7%2F1?x=y", .headers = {{"X-Api-Id", "abc"}}, .body = "{}"});
  CHECK(reply.outcome == TransportOutcome::kReply);
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"result":1})");
  CHECK(reply.retry_after == "7");
  CHECK(reply.date == "today");
  CHECK(reply.error.empty());
  REQUIRE(server.requests().size() == 1);
  const std::string request = server.requests()[0];
  CHECK(request.starts_with("PATCH /v1/users/7%2F1?x=y HTTP/1.1\r\n"));
  CHECK(request.find("Authorization: Basic " + EncodeBase64("access-id:" + kKey) + "\r\n") != std::string::npos);
  CHECK(request.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(request.find("User-Agent: ucaas-sync/9.8.7\r\n") != std::string::npos);
  CHECK(request.find("X-Api-Id: abc\r\n") != std::string::npos);
  CHECK(request.find("Expect:") == std::string::npos);
  CHECK(request.ends_with("\r\n\r\n{}"));
}

TEST_CASE("a request without a body says its content type too, for the API wants it") {
  const ScriptedServer server({Answer("200 OK", "{}")});
  CurlTransport transport(OptionsFor(server.base_url()));
  Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(server.requests()[0].find("Content-Length") == std::string::npos);
}

TEST_CASE("one handle serves every method in turn without a trace of the one before, on one connection") {
  Script script;
  for (int i = 0; i < 5; ++i) {
    script.push_back(ReadRequest());
    script.push_back(Send(Reply("200 OK", std::to_string(i))));
  }
  script.push_back(Stall());
  const ScriptedServer server({script});
  CurlTransport transport(OptionsFor(server.base_url()));
  const char* const methods[] = {"POST", "DELETE", "PATCH", "GET", "POST"};
  for (int i = 0; i < 5; ++i) {
    const std::string body = std::string(methods[i]).starts_with('P') ? std::to_string(i) : "";
    const std::vector<std::pair<std::string, std::string>> headers =
        i == 0 ? std::vector<std::pair<std::string, std::string>>{{"X-Once", "1"}}
               : std::vector<std::pair<std::string, std::string>>{};
    const HttpReply reply = Exchange(transport, {.method = methods[i], .path = "p", .headers = headers, .body = body});
    CHECK(reply.body == std::to_string(i));
    const std::string request = server.requests().back();
    CHECK(request.starts_with(std::string(methods[i]) + " /v1/p HTTP/1.1\r\n"));
    CHECK(request.ends_with("\r\n\r\n" + body));
    CHECK((request.find("X-Once") != std::string::npos) == (i == 0));
  }
  CHECK(server.connections() == 1);
  CHECK(transport.InFlight() == 0);
}

TEST_CASE("exchanges run side by side and each gets its own reply") {
  std::vector<Script> scripts;
  for (int i = 0; i < 8; ++i) scripts.push_back(Answer("200 OK", "x"));
  const ScriptedServer server(scripts);
  CurlTransport transport(OptionsFor(server.base_url()));
  std::vector<ExchangeId> ids;
  for (int i = 0; i < 8; ++i) {
    ids.push_back(transport.Start({.method = "GET", .path = "n" + std::to_string(i), .headers = {}, .body = {}}));
  }
  CHECK(transport.InFlight() == 8);
  std::vector<ExchangeId> ended;
  while (transport.InFlight() > 0) {
    for (const HttpReply& reply : transport.Wait(In(5000))) {
      CHECK(reply.outcome == TransportOutcome::kReply);
      ended.push_back(reply.id);
    }
  }
  std::sort(ended.begin(), ended.end());
  CHECK(ended == ids);
}

TEST_CASE("nobody listening: nothing was sent") {
  CurlTransport transport(OptionsFor("http://127.0.0.1:" + std::to_string(test::RefusingPort()) + "/v1/"));
  const HttpReply reply = Exchange(transport, {.method = "POST", .path = "users", .headers = {}, .body = "{}"});
  CHECK(reply.outcome == TransportOutcome::kNotConnected);
  CHECK(reply.status == 0);
  CHECK(reply.error.starts_with("127.0.0.1: no connection; nothing was sent"));
}

TEST_CASE("a name that does not resolve says so") {
  CurlOptions options = OptionsFor("http://no-such-host.invalid/v1/");
  CurlTransport transport(options);
  const HttpReply reply = Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
  CHECK(reply.outcome == TransportOutcome::kNotResolved);
  CHECK(reply.error.starts_with("no-such-host.invalid: the name could not be resolved; check target.base_url"));
}

TEST_CASE("each way of breaking off has its outcome") {
  struct Case {
    const char* what;
    Script script;
    TransportOutcome outcome;
    int status;
  };
  const Case cases[] = {
      {"reset after it was read", {ReadRequest(), Reset()}, TransportOutcome::kReset, 0},
      {"closed without a word", {ReadRequest()}, TransportOutcome::kReset, 0},
      {"stalled before the reply", {ReadRequest(), Stall()}, TransportOutcome::kTimeout, 0},
      {"stalled within the body",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), Stall()},
       TransportOutcome::kTimeout,
       200},
      {"slower than the timeout, byte by byte",
       {ReadRequest(), Drip(Reply("200 OK", std::string(100, '1')))},
       TransportOutcome::kTimeout,
       -1},
      {"body shorter than announced",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"result\":1}")},
       TransportOutcome::kTruncated,
       200},
      {"reset within the body",
       {ReadRequest(), Send("HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{\"res"), Reset()},
       TransportOutcome::kTruncated,
       201},
      {"last chunk missing",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")},
       TransportOutcome::kTruncated,
       200},
      {"chunks that are none",
       {ReadRequest(), Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")},
       TransportOutcome::kTruncated,
       200},
      {"not HTTP", {ReadRequest(), Send("220 mail.example ESMTP\r\n")}, TransportOutcome::kTruncated, 0},
      {"gzip that is none",
       {ReadRequest(), Send(Reply("200 OK", "{\"result\":1}", "Content-Encoding: gzip\r\n"))},
       TransportOutcome::kTruncated,
       200},
      {"an encoding nobody asked for",
       {ReadRequest(), Send(Reply("200 OK", "{\"result\":1}", "Content-Encoding: rot13\r\n"))},
       TransportOutcome::kTruncated,
       200},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.what));
    const bool waits_for_timeout = c.outcome == TransportOutcome::kTimeout;
    const HttpReply reply = OutcomeWith(c.script, "POST", Duration{waits_for_timeout ? 500 : 15'000});
    CHECK(reply.outcome == c.outcome);
    if (c.status >= 0) CHECK(reply.status == c.status);
    CHECK(reply.body.empty());
    CHECK_FALSE(reply.error.empty());
    CHECK(reply.error.find(kKey) == std::string::npos);
    CHECK(reply.error.find(EncodeBase64("access-id:" + kKey)) == std::string::npos);
  }
}

TEST_CASE("a connection that is reset as soon as it stands is one that broke, before or after we sent") {
  const HttpReply reply = OutcomeWith({Reset()});
  // Which of the two is a race between the reset and our first bytes; both are told truly.
  const bool was_sent = reply.outcome == TransportOutcome::kReset;
  CHECK((was_sent || reply.outcome == TransportOutcome::kNotConnected));
  CHECK((reply.error.find("nothing was sent") == std::string::npos) == was_sent);
}

TEST_CASE("a server that accepts and never speaks TLS is not connected to, and has seen no credentials") {
  const ScriptedServer server({{Stall()}});
  CurlOptions options = OptionsFor("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  options.connect_timeout = Duration{300};
  CurlTransport transport(options);
  const HttpReply reply = Exchange(transport, {.method = "POST", .path = "users", .headers = {}, .body = "{}"});
  CHECK(reply.outcome == TransportOutcome::kNotConnected);
}

TEST_CASE("a slow reply within the time limit is a reply") {
  CHECK(OutcomeWith({ReadRequest(), Drip("HTTP/1.1 204 \r\n\r\n"), Stall()}).status == 204);
}

TEST_CASE("a body beyond the limit ends the exchange, announced or not, packed or not") {
  constexpr const char* kPackedZeros =
      "H4sIAAAAAAACA+"
      "3BMQEAAADCoErrn84aHkABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAArwaFwk3FoIYBAA==";  // 100,000 bytes
  const std::string big(100'000, '0');
  const std::string replies[] = {
      Reply("200 OK", big),
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + big,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + big + "\r\n0\r\n\r\n",
      Reply("200 OK", DecodeBase64(kPackedZeros).value(), "Content-Encoding: gzip\r\n"),
  };
  for (const std::string& bytes : replies) {
    CAPTURE(bytes.substr(0, 80));
    for (const std::size_t limit : {std::size_t{99'999}, std::size_t{100'000}}) {
      const ScriptedServer server({{ReadRequest(), Send(bytes)}});
      CurlOptions options = OptionsFor(server.base_url());
      options.max_reply_bytes = limit;
      CurlTransport transport(options);
      const HttpReply reply = Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
      CHECK(reply.outcome == (limit < big.size() ? TransportOutcome::kTooLarge : TransportOutcome::kReply));
      CHECK(reply.body.size() == (limit < big.size() ? 0 : big.size()));
    }
  }
}

TEST_CASE("a packed body is unpacked") {
  const std::string packed = DecodeBase64("H4sIAAAAAAACA6tWKkotLs0pUbIyrAUA3KlwMAwAAAA=").value();
  const HttpReply reply =
      OutcomeWith({ReadRequest(), Send(Reply("200 OK", packed, "Content-Encoding: gzip\r\n")), Stall()});
  CHECK(reply.body == R"({"result":1})");
}

TEST_CASE("a redirect is a reply, and nobody else gets the credentials") {
  const ScriptedServer elsewhere({Answer("200 OK", R"({"result":1})")});
  for (const char* status :
       {"301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"}) {
    const HttpReply reply = OutcomeWith(Answer(status, "", "Location: " + elsewhere.base_url() + "users\r\n"), "GET");
    CHECK(reply.outcome == TransportOutcome::kReply);
    CHECK(reply.status == std::stoi(status));
  }
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("an interim reply before the real one is no reply") {
  CHECK(OutcomeWith({ReadRequest(), Send("HTTP/1.1 103 Early Hints\r\n\r\n" + Reply("200 OK", "{}")), Stall()}).body ==
        "{}");
}

TEST_CASE("a create leaves once, also when a kept connection dies under it") {
  const std::vector<Script> scripts = {{ReadRequest(), Send(Reply("200 OK", "{}")), ReadRequest(), Reset()},
                                       Answer("200 OK", R"({"again":1})")};
  SUBCASE("POST: the outcome is not known") {
    const ScriptedServer server(scripts);
    CurlTransport transport(OptionsFor(server.base_url()));
    Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
    const HttpReply reply = Exchange(transport, {.method = "POST", .path = "users", .headers = {}, .body = "{}"});
    CHECK(reply.outcome == TransportOutcome::kReset);
    CHECK(server.requests().size() == 2);
  }
  SUBCASE("GET: sent again on a new connection") {
    const ScriptedServer server(scripts);
    CurlTransport transport(OptionsFor(server.base_url()));
    Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
    const HttpReply reply = Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
    CHECK(reply.body == R"({"again":1})");
    CHECK(server.requests().size() == 3);
  }
}

TEST_CASE("a refusal that comes before the request was read to its end is heard") {
  const HttpReply reply = OutcomeWith(
      {ReadHead(), Send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), Stall()});
  CHECK(reply.status == 413);
}

TEST_CASE("waiting ends at its time with nothing in flight, and at once when woken") {
  CurlTransport transport(OptionsFor("http://127.0.0.1:1/"));
  const Monotonic until = In(30);
  CHECK(transport.Wait(until).empty());
  CHECK(In(0) >= until);

  transport.Wake();
  const Monotonic begun = In(0);
  CHECK(transport.Wait(In(60'000)).empty());
  std::thread other([&transport] { transport.Wake(); });
  CHECK(transport.Wait(Monotonic::max()).empty());
  other.join();
  CHECK(In(0) - begun < std::chrono::seconds(30));
}

TEST_CASE("a transport that goes with exchanges in flight just closes them") {
  const ScriptedServer server({{ReadRequest(), Stall()}});
  CurlTransport transport(OptionsFor(server.base_url()));
  transport.Start({.method = "GET", .path = "users", .headers = {}, .body = {}});
  CHECK(transport.Wait(In(20)).empty());
  CHECK(transport.InFlight() == 1);
}

TEST_CASE("what could smuggle a header or another host into a request is refused") {
  CurlTransport transport(OptionsFor("http://127.0.0.1:1/"));
  CHECK_THROWS_AS(transport.Start({.method = "GET", .path = "a b", .headers = {}, .body = {}}), std::invalid_argument);
  CHECK_THROWS_AS(transport.Start({.method = "GET", .path = "a\r\nX: y", .headers = {}, .body = {}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(transport.Start({.method = "GET", .path = "a", .headers = {{"X", "1\r\nY: 2"}}, .body = {}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(transport.Start({.method = "TRACE", .path = "a", .headers = {}, .body = {}}), std::invalid_argument);
  CHECK(transport.InFlight() == 0);
}

TEST_CASE("a base URL that cannot be one ends the run before anything is sent, without showing its password") {
  for (const char* url :
       {"", "ftp://h/", "https://", "http://u:hunter2@h/", "https://h/?q=1", "https://h/#f", "no url"}) {
    CAPTURE(std::string(url));
    try {
      const CurlTransport transport(OptionsFor(url));
      FAIL("accepted");
    } catch (const Failure& failure) {
      CHECK(failure.code() == ExitCode::kConfig);
      CHECK(std::string_view(failure.what()).starts_with("target.base_url "));
      CHECK(std::string_view(failure.what()).find("hunter2") == std::string_view::npos);
    }
  }
}

TEST_CASE("a base URL without its final slash gets one") {
  const ScriptedServer server({Answer("200 OK", "{}")});
  std::string url = server.base_url();
  url.pop_back();
  CurlTransport transport(OptionsFor(url));
  Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].starts_with("GET /v1/users "));
}

TEST_CASE("a key with a line break is refused before it becomes a header") {
  CurlOptions options = OptionsFor("http://127.0.0.1:1/");
  options.authorization = config::Secret("Token abc\nX-Evil: 1");
  CHECK_THROWS_AS(CurlTransport{options}, Failure);
}

TEST_CASE("through a proxy, an error names both and hides the proxy's password") {
  CurlOptions options = OptionsFor("http://api.example/v1/");
  options.proxy = "http://user:hunter2@127.0.0.1:" + std::to_string(test::RefusingPort());
  CurlTransport transport(options);
  const HttpReply reply = Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
  CHECK(reply.outcome == TransportOutcome::kNotConnected);
  CHECK(reply.error.starts_with("api.example (through 127.0.0.1:"));
  CHECK(reply.error.find("hunter2") == std::string::npos);
}

TEST_CASE("a proxy is asked for the tunnel without our credentials") {
  const ScriptedServer proxy({{ReadRequest(), Send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), Stall()}});
  CurlOptions options = OptionsFor("https://api.example/v1/");
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  CurlTransport transport(options);
  const HttpReply reply = Exchange(transport, {.method = "POST", .path = "users", .headers = {}, .body = "{}"});
  CHECK(reply.outcome == TransportOutcome::kNotConnected);
  CHECK(reply.status == 0);
  REQUIRE(proxy.requests().size() == 1);
  CHECK(proxy.requests()[0].starts_with("CONNECT api.example:443 "));
  CHECK(proxy.requests()[0].find("uthorization") == std::string::npos);
}

}  // namespace
}  // namespace ucaas_sync::ucaas
