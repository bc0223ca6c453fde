#include "connectors/ucaas/reach.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::ucaas {
namespace {

Reach To(const std::string& url, const std::string& ca_file = {}) {
  CurlOptions options;
  options.base_url = url;
  options.ca_file = ca_file;
  options.authorization = config::Secret("Basic c2VjcmV0");
  options.connect_timeout = Duration(2'000);
  return TryToReach(options);
}

/// A certificate in a file, as an authority that is trusted.
class Authority {
 public:
  explicit Authority(const test::TlsIdentity& identity) : file_(folder_.Write("ca.pem", identity.certificate)) {}
  const std::string& file() const { return file_; }

 private:
  testing::TemporaryFolder folder_;
  std::string file_;
};

}  // namespace

TEST_CASE("what answers is reached, and is sent nothing") {
  const test::ScriptedServer server({{test::ReadHead(), test::Stall()}});
  const Reach reach = To(server.base_url());
  CHECK(reach.outcome == TransportOutcome::kReply);
  CHECK(reach.address == "127.0.0.1");
  CHECK_FALSE(reach.is_tls);
  CHECK(server.requests().empty());
}

TEST_CASE("a name that is not known and a port that is refused are told apart") {
  CHECK(To("http://no-such-host.invalid/").outcome == TransportOutcome::kNotResolved);
  const Reach refused = To("http://127.0.0.1:" + std::to_string(test::RefusingPort()) + "/");
  CHECK(refused.outcome == TransportOutcome::kNotConnected);
  CHECK(refused.error.find("127.0.0.1") != std::string::npos);
}

TEST_CASE(
    "a trusted certificate is shown with its end, one that is not trusted, has ended or has another name is refused") {
  const auto identity = test::TlsIdentity::SelfSigned("127.0.0.1", 10);
  const Authority authority(identity);
  {
    const test::ScriptedServer server({{test::ReadHead()}}, identity);
    const Reach reach = To(server.base_url(), authority.file());
    CHECK(reach.outcome == TransportOutcome::kReply);
    CHECK(reach.is_tls);
    REQUIRE(reach.chain.size() == 1);
    REQUIRE(reach.chain[0].expires);
    const auto left = *reach.chain[0].expires - std::chrono::floor<Duration>(std::chrono::system_clock::now());
    CHECK(left > std::chrono::hours(9 * 24));
    CHECK(left < std::chrono::hours(11 * 24));
    CHECK(To(server.base_url()).outcome == TransportOutcome::kTls);
  }
  const auto ended = test::TlsIdentity::SelfSigned("127.0.0.1", -2);
  const test::ScriptedServer late({{test::ReadHead()}}, ended);
  CHECK(To(late.base_url(), Authority(ended).file()).outcome == TransportOutcome::kTls);
  const auto other = test::TlsIdentity::SelfSigned("other.example.com", 10);
  const test::ScriptedServer wrong({{test::ReadHead()}}, other);
  CHECK(To(wrong.base_url(), Authority(other).file()).outcome == TransportOutcome::kTls);
}

TEST_CASE("the end of a certificate is read as OpenSSL prints it") {
  CHECK(ParseCertificateTime("Nov  5 12:00:01 2027 GMT") == ParseInstant("2027-11-05T12:00:01Z"));
  CHECK(ParseCertificateTime(" Jan 31 00:00:00 2030 GMT ") == ParseInstant("2030-01-31T00:00:00Z"));
  for (const char* text : {"", "GMT", "Nov  5 12:00:01 2027", "Foo  5 12:00:01 2027 GMT", "Nov 35 12:00:01 2027 GMT"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(ParseCertificateTime(text));
  }
}

}  // namespace ucaas_sync::ucaas
