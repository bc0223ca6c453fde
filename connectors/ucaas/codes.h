// The one table from what came back (body `result`, HTTP status, how far the exchange came) to what it means for us.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

enum class Verdict : std::uint8_t {
  kOk,
  kRetry,      ///< Transient: the same request may be sent again.
  kRelogin,    ///< The token is not (or no longer) valid.
  kDenied,     ///< Credentials, rights or certificates: nothing will work.
  kDuplicate,  ///< The address is taken.
  kMissing,    ///< No such object.
  kInvalid,    ///< The target refuses these values.
  kUnknown,    ///< It may or may not have happened.
};
std::string_view Name(Verdict verdict);
std::optional<Verdict> VerdictNamed(std::string_view name);

/// What was read of one reply, before it is judged.
struct Evidence {
  TransportOutcome transport = TransportOutcome::kReply;
  int http_status = 0;
  std::optional<std::string> result;  ///< Normalised: trimmed, "1.0" is "1".
  /// JSON object with `result`, with the platform's `error_code`, or (a success without `result`) with the payload.
  bool body_is_envelope = false;
  bool body_is_html = false;  ///< A gateway or proxy spoke, not the API.
  std::string error_code;     ///< The platform's envelope.
  bool idempotent = true;     ///< Repeating it is safe (everything but a create).
  bool can_login = false;     ///< Token authentication: 401, 403 and 1001 mean relogin, not denied.
};

/// Whether a reply says that requests come too fast: HTTP status 429, or its code (`result` or `error_code`).
bool AsksForPause(int http_status, std::string_view code);

/// The table and how it is read. In this order, the first that says something decides:
///  1. the exchange: nothing arrived, or not all of it;
///  2. the body's `result`: 1 is success whatever the HTTP status; a code of the table; 0 and codes that nobody knows
///     are an error, told apart by the HTTP status, and with a good one by nothing: the values are refused (kInvalid);
///  3. the platform's `error_code`;
///  4. the HTTP status, by the same table: 204 and a success with its payload are kOk, any other success without an
///     envelope proves nothing; a redirect is never followed; a "not found" that is a web page is a gateway's, not the
///     API's, and proves no absence.
/// kUnknown is kRetry for what may be repeated (all but a create), kRelogin is kDenied where there is no token to
/// renew.
class Codes {
 public:
  /// The built-in table, changed by `target.result_codes`; unknown verdicts are reported at their place.
  static Codes From(const config::TargetConfig& target, config::Diagnostics& diagnostics);
  static Codes BuiltIn();

  Verdict Judge(const Evidence& evidence) const;
  /// Whether a request that came to this may have had its effect: not when it was not sent, nor when the target said
  /// that it did nothing. What a create may be sent again after without a look, every request may.
  bool MayHaveActed(Evidence evidence) const;
  /// A line of `ucaas-sync codes`. kRelogin is kDenied where there is no token to renew.
  struct Row {
    std::string code;     ///< As `result`, `error_code` and HTTP status; of Others() a word for it.
    Verdict create;       ///< What it means for a create,
    Verdict other;        ///< and for everything else.
    std::string meaning;  ///< For people.
  };
  /// The codes: numbers first, by value, then words.
  std::vector<Row> Rows() const;
  /// What has no code of its own: other HTTP statuses without an envelope, and exchanges that came to no reply.
  std::vector<Row> Others() const;

 private:
  std::optional<Verdict> Find(std::string_view code) const;
  Row RowFor(std::string code, std::string meaning, Evidence evidence) const;
  Verdict ByTable(const Evidence& evidence) const;
  Verdict ByResult(const Evidence& evidence) const;
  Verdict ByStatus(const Evidence& evidence) const;

  std::map<std::string, std::pair<Verdict, std::string>, std::less<>> by_result_;
};

}  // namespace ucaas_sync::ucaas
