// Certificates: each way of not being trusted ends before anything is sent.
#include <doctest/doctest.h>

#include "connectors/ucaas/curl_transport.h"
#include "tests/connectors/ucaas/exchange.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::ucaas {
namespace {

using test::Answer;
using test::ScriptedServer;
using test::TlsIdentity;

struct Outcome {
  HttpReply reply;
  std::size_t requests = 0;
};

Outcome Talk(const TlsIdentity& identity, const std::string& ca_file) {
  const ScriptedServer server({Answer("200 OK", R"({"result":1})")}, identity);
  CurlOptions options;
  options.base_url = server.base_url();
  options.authorization = BasicAuthorization("id", config::Secret("key"));
  options.ca_file = ca_file;
  CurlTransport transport(options);
  HttpReply reply = Exchange(transport, {.method = "POST", .path = "users", .headers = {}, .body = "{}"});
  return {.reply = std::move(reply), .requests = server.requests().size()};
}

TEST_CASE("a certificate of our own authority and name is trusted") {
  const testing::TemporaryFolder directory;
  const TlsIdentity identity = TlsIdentity::SelfSigned("127.0.0.1", 30);
  const Outcome outcome = Talk(identity, directory.Write("ca.pem", identity.certificate));
  CHECK(outcome.reply.outcome == TransportOutcome::kReply);
  CHECK(outcome.reply.body == R"({"result":1})");
  CHECK(outcome.requests == 1);
}

TEST_CASE("a certificate that is not trusted ends the exchange before anything is sent") {
  const testing::TemporaryFolder directory;
  const TlsIdentity good = TlsIdentity::SelfSigned("127.0.0.1", 30);
  const TlsIdentity other = TlsIdentity::SelfSigned("127.0.0.1", 30);
  const TlsIdentity expired = TlsIdentity::SelfSigned("127.0.0.1", -2);
  const TlsIdentity wrong_name = TlsIdentity::SelfSigned("other.example", 30);
  struct Case {
    const char* what;
    const TlsIdentity& identity;
    std::string ca_file;
    const char* detail;
  };
  const Case cases[] = {
      {"of nobody we know", good, "", "self-signed"},
      {"of another authority", good, directory.Write("other.pem", other.certificate), "certificate"},
      {"expired", expired, directory.Write("expired.pem", expired.certificate), "expired"},
      {"for another name", wrong_name, directory.Write("wrong.pem", wrong_name.certificate), "127.0.0.1"},
      {"no authorities", good, "/nonexistent/ca.pem", "check target.ca_file"},
      {"authorities that are none", good, directory.Write("garbage.pem", "garbage"), "check target.ca_file"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.what));
    const Outcome outcome = Talk(c.identity, c.ca_file);
    CHECK(outcome.reply.outcome == TransportOutcome::kTls);
    CHECK(outcome.requests == 0);
    CAPTURE(outcome.reply.error);
    CHECK(outcome.reply.error.find(c.detail) != std::string::npos);
  }
}

TEST_CASE("a server that speaks plain HTTP where TLS is expected is a TLS error, not a passing one") {
  const ScriptedServer server({{test::Send("HTTP/1.1 400 Bad Request\r\n\r\n"), test::Stall()}});
  CurlOptions options;
  options.base_url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  CurlTransport transport(options);
  const HttpReply reply = Exchange(transport, {.method = "GET", .path = "users", .headers = {}, .body = {}});
  CHECK(reply.outcome == TransportOutcome::kTls);
}

TEST_CASE("a connection that breaks during the handshake is worth another try") {
  const ScriptedServer server({{test::Reset()}});
  CurlOptions options;
  options.base_url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  CurlTransport transport(options);
  const HttpReply reply = Exchange(transport, {.method = "POST", .path = "users", .headers = {}, .body = "{}"});
  CHECK(reply.outcome == TransportOutcome::kNotConnected);
}

}  // namespace
}  // namespace ucaas_sync::ucaas
