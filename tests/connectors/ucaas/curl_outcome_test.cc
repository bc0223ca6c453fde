// What libcurl's end of a transfer is called, for people.
#include "connectors/ucaas/curl_outcome.h"

#include <curl/curl.h>
#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {

TEST_CASE("the same trouble reads the same however long it took") {
  const auto said = [](CURLcode code, std::string_view detail) {
    return ExplanationOf({.curl_code = code, .detail = detail}, "api.example.com");
  };
  const std::string refused = said(CURLE_COULDNT_CONNECT, "Failed to connect to api.example.com port 443: Refused");
  for (const char* after : {"after 0 ms", "after 57 ms", "after 120000 ms"}) {
    CAPTURE(std::string(after));
    CHECK(said(CURLE_COULDNT_CONNECT,
               "Failed to connect to api.example.com port 443 " + std::string(after) + ": Refused") == refused);
  }
  CHECK(said(CURLE_OPERATION_TIMEDOUT, "Operation timed out after 5001 milliseconds with 0 bytes received") ==
        said(CURLE_OPERATION_TIMEDOUT, "Operation timed out with 0 bytes received"));
  // What is no duration stays, to the end.
  for (const char* detail :
       {"gone after a while", "gone after 3 tries", "gone after ms", "gone after 3", "gone after "}) {
    CAPTURE(std::string(detail));
    CHECK(said(CURLE_RECV_ERROR, detail).find(Trim(detail)) != std::string::npos);
  }
}

TEST_CASE("a handshake that broke off is worth another try in whatever words, one that was judged is not") {
  const auto outcome_of = [](std::string_view detail) {
    return OutcomeOf({.curl_code = CURLE_SSL_CONNECT_ERROR, .detail = detail});
  };
  CHECK(outcome_of("OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to x:443") == TransportOutcome::kNotConnected);
  CHECK(outcome_of("TLS connect error: error:0A000126:SSL routines::unexpected eof while reading") ==
        TransportOutcome::kNotConnected);
  CHECK(outcome_of("error:0A00010B:SSL routines::wrong version number") == TransportOutcome::kTls);
}

TEST_CASE("a connection that fails for want of a file handle points at the limit, and not at the network") {
  const std::string text = ExplanationOf(
      {.curl_code = CURLE_COULDNT_CONNECT, .detail = "Couldn't connect to server", .socket_error = EMFILE},
      "api.example.com");
  CHECK(text ==
        "api.example.com: no connection; nothing was sent: no socket could be opened (Too many open files); raise the "
        "limit of open files (LimitNOFILE in the unit, ulimit -n in a shell)");
  CHECK(ExplanationOf({.curl_code = CURLE_COULDNT_CONNECT, .detail = "", .socket_error = ENOBUFS}, "x") ==
        "x: no connection; nothing was sent: no socket could be opened (No buffer space available)");
}

}  // namespace ucaas_sync::ucaas
