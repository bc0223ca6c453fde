// The UCaaS API as typed calls: what is asked goes in as a value, what came back comes out classified.
// A Client starts calls and hands back results as they end; it decides nothing about repeating, pacing or order (that
// is daemon/apply) and keeps no state but what is in flight. Single-threaded, like the Transport under it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/ucaas/codes.h"
#include "connectors/ucaas/routes.h"
#include "daemon/model/attempt.h"
#include "daemon/model/fields.h"
#include "daemon/model/kind.h"
#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

enum class Verb : std::uint8_t { kCreate, kUpdate, kDelete, kGet, kList, kFind };
std::string_view Name(Verb verb);
inline bool IsWrite(Verb verb) {
  return verb == Verb::kCreate || verb == Verb::kUpdate || verb == Verb::kDelete;
}

struct Call {
  Verb verb = Verb::kGet;
  Kind kind = Kind::kUser;
  std::string remote_id;                          ///< kUpdate, kDelete, kGet
  std::vector<std::pair<FieldId, Field>> fields;  ///< kCreate, kUpdate: kEmpty is sent as "" (or left out on create)
  std::optional<std::vector<std::string>> group_ids;    ///< Contacts: the whole membership, as remote ids.
  std::optional<std::vector<std::string>> contact_ids;  ///< Groups, when membership is written there: the whole list.
  /// kCreate: a name that is this create's alone for ever. The request's Idempotency-Key is made of it, of its body and
  /// of `answers`: with a target that honours it, a repeat of what was never answered has no second effect.
  std::string operation;
  std::uint32_t answers = 0;  ///< kCreate: replies that were heard to it so far.
  std::string address;        ///< kFind: the exact e-mail (groups: name) that is looked up.
  std::uint32_t page = 1;     ///< kList, kFind: from 1.
};

/// An object as the target shows it.
struct RemoteObject {
  std::string remote_id;
  FieldSet fields;                     ///< kUnmapped where the reply had no such key.
  std::vector<std::string> group_ids;  ///< Contacts.
  bool has_group_ids = false;
  std::vector<std::string> contact_ids;  ///< Groups, as far as the reply names them.
};

using CallId = std::uint64_t;

struct CallResult {
  CallId id = 0;
  Verdict verdict = Verdict::kUnknown;  ///< Of a read or a list, kOk means that its objects are all there.
  TransportOutcome transport = TransportOutcome::kReply;
  int http_status = 0;
  std::string result;                      ///< The body's `result` as text, or empty.
  std::string message;                     ///< msg, desc or the transport's error: for people, one line, no secrets.
  bool quotes_target = false;              ///< The message has words of the target in it, which may name anybody.
  bool may_have_acted = true;              ///< Whether a write may have had its effect, whatever the verdict says.
  bool asks_for_pause = false;             ///< Requests come too fast for the target (AsksForPause).
  std::optional<std::string> retry_after;  ///< The header as it came (seconds or HTTP date).
  std::optional<std::string> date;         ///< Likewise: the target's own clock, which a date in retry_after goes by.
  std::string request_id;
  std::string remote_id;              ///< kCreate, kUpdate: of the object.
  std::vector<RemoteObject> objects;  ///< kGet, kFind (exact matches, ignoring case), kList.
  /// kList, kFind: objects on the page as it came; a list ends at a page with none.
  std::size_t on_page = 0;
  /// kFind: the page was full, or showed others only, so what is looked for may be on the next one. An empty page is
  /// the end; a target that ignores the search lists everybody, so ask on within reason.
  bool may_have_more = false;
  std::chrono::microseconds latency{0};
  /// For the journal: every request of this call. The client tells of one that was sent before the last with a login
  /// that was not taken any more; the rest, the last one included, is filled in by whoever repeats calls.
  std::vector<Attempt> attempts;
};

class Client {
 public:
  /// `transport` must outlive the client. `page_length` is asked for in lists.
  Client(Transport& transport, Routes routes, Codes codes, std::uint32_t page_length);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins a call. One that cannot be sent (no id, no address, a boolean that is none) ends as kInvalid without a
  /// request.
  CallId Start(const Call& call);
  /// Calls that ended, waiting until `until` for the first of them; may return none.
  std::vector<CallResult> Wait(Monotonic until);
  std::size_t InFlight() const;

  /// The route's name for metrics: method and path with `{id}`: {"PATCH", "users/{id}"}.
  std::pair<std::string_view, std::string> RouteOf(const Call& call) const;

 private:
  struct Pending;
  CallResult Finish(const Pending& pending, HttpReply reply) const;

  Transport& transport_;
  Routes routes_;
  Codes codes_;
  std::uint32_t page_length_;
  CallId last_id_ = 0;
  std::vector<Pending> pending_;   // in flight
  std::vector<CallResult> ready_;  // ended without a request, or taken from the transport but not handed out yet
};

}  // namespace ucaas_sync::ucaas
