// Login authentication around another Transport: fetches a token by `POST login`, puts it on every request, and renews
// it before its 15 minutes are over, or once when the target no longer takes it. However many requests wait for a
// token, one login is under way; what was refused for an old token is sent again by itself, once.
// Borrows the transport and the clock. Single-threaded, like the Transport under it. A login that fails ends the
// requests that waited for it: as kNotLoggedIn when the target refuses it, else as exchanges of which nothing was sent.
// The token and the password are in no message and no error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "connectors/ucaas/codes.h"
#include "connectors/ucaas/envelope.h"
#include "daemon/model/clock.h"
#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

class TokenTransport final : public Transport {
 public:
  /// `inner` and `clock` must outlive this. `route` is where to log in; `codes` say which replies mean that the token
  /// is not taken any more.
  TokenTransport(Transport& inner, const Clock& clock, config::LoginCredentials credentials, std::string route,
                 Codes codes);

  /// Is told of the reply to each login, and of its `result`.
  void OnEachLogin(std::function<void(const HttpReply& reply, std::string_view result)> told) {
    told_ = std::move(told);
  }

  ExchangeId Start(HttpRequest request) override;
  std::vector<HttpReply> Wait(Monotonic until) override;
  std::size_t InFlight() const override { return waiting_.size() + flying_.size() + ended_.size(); }

 private:
  struct Task {
    ExchangeId id = 0;
    HttpRequest request;
    std::uint64_t token_number = 0;  // the token that it was sent with
    config::Secret token{};
    config::Secret former_token{};  // that was refused
    bool was_refused = false;
    std::shared_ptr<const HttpReply> refused{};  // the reply that refused it
  };

  bool HasFreshToken() const;
  void SendOrWait(Task task);
  void LogIn();
  void OnLogin(const HttpReply& reply);
  /// What becomes of the requests that waited for a login that was answered with `reply` and brought no token.
  HttpReply WithoutToken(const HttpReply& reply, const Envelope& envelope) const;
  void OnReply(Task task, HttpReply reply);
  /// Whether the target asked to wait with this very request before, and has got a newer token since: then it is not
  /// the token that it refuses.
  bool WasPutOffWithOlderToken(const Task& task);

  Transport& inner_;
  const Clock& clock_;
  config::LoginCredentials credentials_;
  const std::string route_;
  Codes codes_;
  std::function<void(const HttpReply&, std::string_view)> told_;

  config::Secret token_;
  std::uint64_t token_number_ = 0;  // counts logins
  Monotonic renew_at_;
  bool is_valid_ = false;
  std::optional<ExchangeId> login_;               // under way
  std::deque<Task> waiting_;                      // for the login
  std::map<ExchangeId, Task> flying_;             // by the inner transport's id
  std::vector<HttpReply> ended_;                  // not yet handed out
  std::map<std::string, std::uint64_t> put_off_;  // method and path → the token that was refused with a pause
  ExchangeId last_id_ = 0;
};

}  // namespace ucaas_sync::ucaas
