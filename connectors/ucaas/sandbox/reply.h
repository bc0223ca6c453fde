// What the API answers, as a value, and the envelope that it answers in. No I/O; thread-compatible.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/ucaas/sandbox/sandbox.h"

namespace ucaas_sync::sandbox {

struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  bool wrote = false;  ///< An object was created, changed or deleted.
};

/// Codes of the envelope's `result`.
enum class Code : int {
  kOk = 1,
  kHeader = 400,
  kCredentials = 401,
  kTokenExpired = 403,
  kNotFound = 404,
  kMethod = 405,
  kValidation = 406,
  kTooLarge = 413,
  kTooMany = 429,
  kInternal = 500,
  kBadToken = 1001,
  kBadRequest = 1002,
  kBadPage = 1101,
  kBadPageLength = 1102,
  kBadSearch = 1103,
  kBadOrderBy = 1104,
  kBadOrderQualify = 1105,
  kDuplicate = 1504,
};

/// An application's answer other than success; `data` is a name and the value that offends, if it is worth an echo.
struct Refusal {
  Code code = Code::kInternal;
  std::string desc;
  std::pair<std::string, std::string> data;
};

/// The envelope {"result", "msg", "desc", "data"} under the HTTP status that goes with the code.
Reply Refuse(const Refusal& refusal, StatusStyle style);

/// The envelope that a fault of this HTTP status carries.
std::string FaultEnvelope(int status);

}  // namespace ucaas_sync::sandbox
