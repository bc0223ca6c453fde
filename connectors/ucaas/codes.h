// The one table from what came back (body `result`, HTTP status, how far the exchange came) to what it means for us.
#pragma once

#include <cstdint>
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

class Codes {
 public:
  /// The built-in table, changed by `target.result_codes`; unknown verdicts are reported at their place.
  static Codes From(const config::TargetConfig& target, config::Diagnostics& diagnostics);
  static Codes BuiltIn();

  Verdict Judge(const Evidence& evidence) const;
  /// code, verdict, meaning: for `ucaas-sync codes` and the manual; by code.
  struct Row {
    std::string code;
    Verdict verdict;
    std::string meaning;
  };
  std::vector<Row> Rows() const;

 private:
  std::map<std::string, std::pair<Verdict, std::string>, std::less<>> by_result_;
};

}  // namespace ucaas_sync::ucaas
