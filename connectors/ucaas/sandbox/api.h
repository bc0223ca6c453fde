// The API's rules: from one request to its reply and its effect in the database. Knows nothing of sockets and faults.
// Used by one thread at a time. Throws only when the storage fails; then the request had no effect.
#pragma once

#include <string>
#include <variant>

#include "connectors/ucaas/sandbox/accounts.h"
#include "connectors/ucaas/sandbox/body.h"
#include "connectors/ucaas/sandbox/database.h"
#include "connectors/ucaas/sandbox/reply.h"
#include "connectors/ucaas/sandbox/request.h"
#include "connectors/ucaas/sandbox/sandbox.h"
#include "connectors/ucaas/sandbox/schema.h"

namespace ucaas_sync::sandbox {

class Api {
 public:
  /// `database` must outlive this.
  Api(const Options& options, Database& database);

  /// `route` is that of the request's target.
  Reply Handle(const Request& request, const Route& route, Instant now);

 private:
  using Answer = std::variant<Reply, Refusal>;

  Answer Dispatch(const Request& request, const Route& route, Instant now);
  Answer LogIn(const Request& request, Instant now);
  Answer Act(const Request& request, const Route& route, const Caller& caller, Instant now);
  /// Within one transaction: what was answered before under the same Idempotency-Key, or a creation.
  Answer CreateOnce(const Request& request, Kind kind, const Caller& caller, Instant now);
  Answer Create(const Body& body, Kind kind, const Caller& caller, Instant now);
  Answer Change(const Body& body, Kind kind, const std::string& id, const Caller& caller, Instant now);
  Answer Remove(Kind kind, const std::string& id, const Caller& caller);
  Answer Get(Kind kind, const std::string& id, const Caller& caller);
  Answer List(Kind kind, std::string_view query, const Caller& caller);
  /// The linked objects' rows, or 406 for an id that does not exist in the caller's list.
  std::variant<std::vector<RowId>, Refusal> Resolve(Kind kind, const std::vector<std::string>& ids,
                                                    const Caller& caller);

  // Constant after construction.
  const StatusStyle style_;
  const bool idempotency_;
  const std::uint64_t max_page_length_;
  const Rules rules_;

  Database& database_;
  Accounts accounts_;
};

}  // namespace ucaas_sync::sandbox
