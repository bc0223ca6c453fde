#include "connectors/ucaas/curl_outcome.h"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

/// A handshake ends with one code for two things: OpenSSL's own verdict ("error:0A00010B:SSL routines:…"), which will
/// be the same next time, and a connection that broke meanwhile, which may not be. Only the text tells them apart; some
/// versions of libcurl put also an end in mid-handshake in OpenSSL's words ("error:0A000126:SSL routines::unexpected
/// eof while reading").
bool IsTlsVerdict(std::string_view detail) {
  return detail.find("error:") != std::string_view::npos && detail.find("unexpected eof") == std::string_view::npos;
}

TransportOutcome BrokenConnection(const TransferEnd& end) {
  if (!end.request_sent) return TransportOutcome::kNotConnected;
  return end.reply_begun ? TransportOutcome::kTruncated : TransportOutcome::kReset;
}

TransportOutcome TimedOut(const TransferEnd& end) {
  if (end.request_sent) return TransportOutcome::kTimeout;
  return end.resolved ? TransportOutcome::kNotConnected : TransportOutcome::kNotResolved;
}

/// libcurl says how long it has tried. The same trouble has to read the same, or a log repeats it with each attempt.
std::string WithoutDurations(std::string_view detail) {
  constexpr std::string_view kAfter = " after ";
  std::string text(detail);
  for (std::size_t at = text.find(kAfter); at != std::string::npos; at = text.find(kAfter, at + 1)) {
    const std::size_t number = at + kAfter.size();
    const std::size_t unit = std::min(text.find_first_not_of("0123456789", number), text.size());
    for (const std::string_view word : {" milliseconds", " ms"}) {
      if (unit == number || text.compare(unit, word.size(), word) != 0) continue;
      text.erase(at, unit + word.size() - at);
      break;
    }
  }
  return text;
}

std::string WhyNoSocket(int error) {
  std::string text = "no socket could be opened (" + std::generic_category().message(error) + ")";
  if (error == EMFILE || error == ENFILE) {
    text += "; raise the limit of open files (LimitNOFILE in the unit, ulimit -n in a shell)";
  }
  return text;
}

}  // namespace

TransportOutcome OutcomeOf(const TransferEnd& end) {
  if (end.too_large) return TransportOutcome::kTooLarge;
  switch (static_cast<CURLcode>(end.curl_code)) {
    case CURLE_OK:
      return TransportOutcome::kReply;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransportOutcome::kNotResolved;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
      return TransportOutcome::kNotConnected;
    case CURLE_OPERATION_TIMEDOUT:
      return TimedOut(end);
    case CURLE_SSL_CONNECT_ERROR:
      return IsTlsVerdict(end.detail) ? TransportOutcome::kTls : BrokenConnection(end);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return TransportOutcome::kTls;
    case CURLE_FILESIZE_EXCEEDED:
      return TransportOutcome::kTooLarge;
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_UNSUPPORTED_PROTOCOL:  // What arrived is not HTTP/1 ("HTTP/0.9").
      return end.request_sent ? TransportOutcome::kTruncated : TransportOutcome::kNotConnected;
    default:
      // SEND_ERROR, RECV_ERROR, GOT_NOTHING, HTTP2*, our own refusal to send twice, and whatever else may come.
      return BrokenConnection(end);
  }
}

std::string ExplanationOf(const TransferEnd& end, std::string_view host) {
  const auto code = static_cast<CURLcode>(end.curl_code);
  std::string text = Printable(host) + ": ";
  switch (OutcomeOf(end)) {
    case TransportOutcome::kReply:
    case TransportOutcome::kAbandoned:
    case TransportOutcome::kNotLoggedIn:
      return {};
    case TransportOutcome::kNotResolved:
      text += "the name could not be resolved; check target.base_url (or target.proxy) and this machine's DNS";
      break;
    case TransportOutcome::kNotConnected:
      text += "no connection; nothing was sent";
      if (end.socket_error != 0) return text + ": " + WhyNoSocket(end.socket_error);
      break;
    case TransportOutcome::kTls:
      text += code == CURLE_SSL_CACERT_BADFILE
                  ? "the certificate authorities could not be read; check target.ca_file"
                  : "no trusted TLS connection; nothing was sent. Check the target's certificate and name, this "
                    "machine's clock, and target.ca_file if the certificate comes from your own authority";
      break;
    case TransportOutcome::kTimeout:
      text += "no complete reply in time; whether the request was carried out is not known";
      break;
    case TransportOutcome::kReset:
      text += "the connection broke before a reply; whether the request was carried out is not known";
      break;
    case TransportOutcome::kTruncated:
      text += "the reply broke off or is not HTTP";
      break;
    case TransportOutcome::kTooLarge:
      text += "the reply is larger than is accepted";
      break;
  }
  const std::string_view detail =
      end.detail.empty() && code != CURLE_OK ? std::string_view(curl_easy_strerror(code)) : end.detail;
  if (!detail.empty() && !end.too_large) text += " (" + Shorten(Trim(WithoutDurations(detail)), 300) + ")";
  return text;
}

}  // namespace ucaas_sync::ucaas
