// A request as it came over the wire, and what its target names: route, id and the parameters of a list.
// Targets are taken apart before anything is unescaped, so that no escape can forge a separator. Pure; never throws on
// hostile input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/ucaas/sandbox/reply.h"
#include "daemon/model/kind.h"

namespace ucaas_sync::sandbox {

struct Request {
  std::string method;
  std::string target;  ///< Raw: path and query, nothing unescaped.
  std::optional<std::string> content_type;
  std::optional<std::string> authorization;
  std::optional<std::string> api_id;
  std::optional<std::string> idempotency_key;
  std::string body;
};

struct Route {
  enum class Shape : std::uint8_t { kLogin, kCollection, kObject, kUnknown, kMalformed };
  Shape shape = Shape::kUnknown;
  Kind kind = Kind::kUser;
  std::string id;          ///< For kObject: unescaped, not yet known to exist.
  std::string_view query;  ///< What follows "?", raw; points into the target.

  /// "users", "users/{id}", "login", or "?" for what is none.
  std::string Name() const;
};

/// `target` must outlive the result.
Route ParseRoute(std::string_view target);

struct ListQuery {
  std::uint64_t page = 1;
  std::uint64_t page_length = 10;  ///< As asked for, but never above the limit.
  std::string search_by;
  std::string search_string;
  std::vector<std::string> order_by;  ///< Empty: by id.
  std::string order_by_text;          ///< As it came, for the echo.
  bool descending = false;
};

/// Strict: an unknown or repeated parameter, and a value that is none, are refused with 1002 or 1101 to 1105.
/// `fields` are the names that may be searched and ordered by.
std::variant<ListQuery, Refusal> ParseListQuery(std::string_view query, const std::vector<std::string_view>& fields,
                                                std::uint64_t max_page_length);

/// "users", "groups", "contacts": the path and the key of a list.
std::string_view Collection(Kind kind);

}  // namespace ucaas_sync::sandbox
