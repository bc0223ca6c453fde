// Who may call: the account's access key (Basic), or a token that a login gave. Tokens live in memory only: after a
// restart they are not known (1001). Used by one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "connectors/ucaas/sandbox/body.h"
#include "connectors/ucaas/sandbox/database.h"
#include "connectors/ucaas/sandbox/sandbox.h"

namespace ucaas_sync::sandbox {

/// For whom a request acts.
struct Caller {
  RowId owner = 0;  ///< 0: the account itself; otherwise a user, who has only contacts and groups of their own.
};

class Accounts {
 public:
  /// `database` must outlive this.
  Accounts(const Options& options, Database& database);

  /// 401 for a missing header or wrong key, 1001 for a token that is not known, 403 for one that has expired.
  std::variant<Caller, Refusal> Authenticate(const std::optional<std::string>& authorization, Instant now);

  struct Session {
    std::string token;
    Caller caller;
    std::string email;
  };
  /// E-mail and password of a login or of an active user; 401 for all else, without saying which half was wrong.
  std::variant<Session, Refusal> LogIn(const std::optional<std::string>& api_id, const Body& body, Instant now);

 private:
  struct Token {
    Caller caller;
    Instant expires;
  };
  std::optional<Caller> CheckPassword(std::string_view email, std::string_view password);

  // Constant after construction.
  const std::string access_id_;
  const std::string access_key_;
  const std::vector<Login> logins_;
  const Duration token_life_;

  Database& database_;
  std::unordered_map<std::string, Token> tokens_;
};

/// Salted SHA-256. Fast on purpose: this guards made-up people on a loopback address.
PasswordHash HashPassword(std::string_view password);
bool Matches(const PasswordHash& stored, std::string_view password);

}  // namespace ucaas_sync::sandbox
