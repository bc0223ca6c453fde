#include "connectors/ucaas/sandbox/accounts.h"

#include "connectors/ucaas/sandbox/random_text.h"
#include "daemon/model/base64.h"
#include "daemon/model/sha256.h"
#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr std::size_t kMaxTokens = 10'000;

/// Takes the same time wherever the texts differ; their length is no secret.
bool EqualsInConstantTime(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

Refusal BadCredentials(std::string desc) {
  return {Code::kCredentials, std::move(desc), {}};
}

std::string HashWithSalt(std::string_view salt, std::string_view password) {
  std::string text(salt);
  text += ':';
  text += password;
  return Sha256Hex(text);
}

}  // namespace

PasswordHash HashPassword(std::string_view password) {
  constexpr std::size_t kSaltDigits = 16;
  PasswordHash out;
  out.salt = RandomHex(kSaltDigits);
  out.hash = HashWithSalt(out.salt, password);
  return out;
}

bool Matches(const PasswordHash& stored, std::string_view password) {
  return !stored.hash.empty() && EqualsInConstantTime(stored.hash, HashWithSalt(stored.salt, password));
}

Accounts::Accounts(const Options& options, Database& database)
    : access_id_(options.access_id),
      access_key_(options.access_key),
      logins_(options.logins),
      token_life_(options.token_life),
      database_(database) {}

std::variant<Caller, Refusal> Accounts::Authenticate(const std::optional<std::string>& authorization, Instant now) {
  constexpr std::string_view kBasic = "Basic ";
  constexpr std::string_view kToken = "Token ";
  if (!authorization) return BadCredentials("The Authorization header is missing.");
  const std::string_view header = *authorization;
  if (header.starts_with(kBasic)) {
    const auto credentials = DecodeBase64(header.substr(kBasic.size()));
    if (!credentials) return BadCredentials("The Authorization header is not base64.");
    const std::string expected = access_id_ + ":" + access_key_;
    if (!EqualsInConstantTime(*credentials, expected)) return BadCredentials("The access id or key is wrong.");
    return Caller{};
  }
  if (!header.starts_with(kToken)) return BadCredentials("The Authorization header is neither Basic nor Token.");
  const auto found = tokens_.find(std::string(header.substr(kToken.size())));
  if (found == tokens_.end()) return Refusal{Code::kBadToken, "The token is not known.", {}};
  const Token& token = found->second;
  if (now >= token.expires) return Refusal{Code::kTokenExpired, "The token has expired.", {}};
  if (token.caller.owner != 0 && !database_.IsActiveUser(token.caller.owner)) {
    return Refusal{Code::kBadToken, "The token's user is no longer active.", {}};
  }
  return token.caller;
}

std::optional<Caller> Accounts::CheckPassword(std::string_view email, std::string_view password) {
  for (const Login& login : logins_) {
    if (EqualsIgnoreAsciiCase(login.email, email) && EqualsInConstantTime(login.password, password)) return Caller{};
  }
  const auto user = database_.FindLogin(email);
  if (user && user->active && Matches(user->password, password)) return Caller{user->id};
  return std::nullopt;
}

std::variant<Accounts::Session, Refusal> Accounts::LogIn(const std::optional<std::string>& api_id, const Body& body,
                                                         Instant now) {
  constexpr std::size_t kTokenDigits = 48;
  if (!api_id) return Refusal{Code::kHeader, "The X-Api-Id header is missing.", {}};
  if (!EqualsInConstantTime(*api_id, access_id_)) return BadCredentials("The X-Api-Id header is wrong.");
  Session session;
  std::string password;
  for (const auto& [name, value] : body.members) {
    const auto* text = std::get_if<std::string>(&value);
    if ((name != "email" && name != "password") || text == nullptr || text->empty()) {
      return Refusal{Code::kValidation, "A login is an email and a password, both strings.", {}};
    }
    (name == "email" ? session.email : password) = *text;
  }
  if (session.email.empty() || password.empty()) {
    return Refusal{Code::kValidation, "A login needs an email and a password.", {}};
  }
  const auto caller = CheckPassword(session.email, password);
  if (!caller) return BadCredentials("The e-mail or the password is wrong, or the user is suspended.");
  // Expired tokens are kept, so that they are told from unknown ones, until there are too many.
  if (tokens_.size() >= kMaxTokens) {
    std::erase_if(tokens_, [now](const auto& entry) { return now >= entry.second.expires; });
    if (tokens_.size() >= kMaxTokens) tokens_.clear();
  }
  session.token = RandomHex(kTokenDigits);
  session.caller = *caller;
  tokens_.emplace(session.token, Token{*caller, now + token_life_});
  return session;
}

}  // namespace ucaas_sync::sandbox
