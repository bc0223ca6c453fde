// The UCaaS API, built in: users, contacts and groups over real HTTP, kept in one SQLite file. For trying things out,
// for tests and for benches; stricter than the real service wherever that is not known.
// A Sandbox owns its server thread, its database and its port; the destructor stops all of it. Every member may be
// called from any thread. What an answered write changed survives SIGKILL of the process (WAL without fsync), not a
// power cut. Starting throws Failure; afterwards failures are replies of the API (500 for what is unexpected).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/ucaas/sandbox/faults.h"
#include "daemon/model/kind.h"
#include "daemon/model/time.h"

namespace ucaas_sync::sandbox {

/// A portal account that may log in and act for the whole account. Users that were created through the API can log in
/// too, with their password while they are active, but have only their own contacts and groups.
struct Login {
  std::string email;
  std::string password;
};

/// The HTTP status that goes with an application's error (406, 1002, 11xx, 1504), which the vendor does not tell.
enum class StatusStyle : std::uint8_t {
  kAlways200,  ///< 200, and the code only in the body.
  kByCode,     ///< 406, 400, 400, 409.
};

struct Options {
  std::filesystem::path db;  ///< Made if missing, mode 0600. May be shared by several processes.
  std::string address = "127.0.0.1";
  bool allow_remote = false;  ///< Without it only loopback addresses are served.
  std::uint16_t port = 0;     ///< 0: any free one, see Sandbox::port().

  std::string access_id;   ///< Basic authentication, and X-Api-Id of logins.
  std::string access_key;  ///< Must not be empty.
  std::vector<Login> logins;
  Duration token_life{15 * 60 * 1000};

  Faults faults;
  std::uint64_t seed = 1;  ///< Of the faults.
  double rate_limit = 0;   ///< Requests a second, then 429 with Retry-After; 0: none.

  StatusStyle status_style = StatusStyle::kAlways200;
  std::vector<std::string> user_types{"moderator", "user", "admin", "participant"};
  bool idempotency = true;      ///< Idempotency-Key on POST is honoured for 24 h.
  bool patch_group_ids = true;  ///< Whether PATCH of a contact takes group_ids.
  std::size_t max_page_length = 100;
  std::size_t max_body = 1 << 20;  ///< Bytes of a request's body; beyond: 413.

  std::function<Instant()> clock;  ///< Tokens, idempotency keys, rate limit, created_at. Empty: the system's.
};

struct Counters {
  std::uint64_t requests = 0;                     ///< All that arrived, faults and refusals included.
  std::map<std::string, std::uint64_t> by_route;  ///< "POST users", "PATCH users/{id}", "GET ?" (unknown path)
  std::uint64_t writes = 0;                       ///< Creates, updates and deletes that took effect.
  std::uint64_t faults = 0;                       ///< Requests that a fault rule struck.
  std::uint64_t throttled = 0;                    ///< 429 by the rate limit.
  std::uint64_t welcome_mails = 0;                ///< Over the whole life of the database.
  std::uint64_t internal_errors = 0;  ///< Replies 500 that no rule asked for: always a defect or a full disk.
  std::string last_error;             ///< Text of the last of these.
};

class Sandbox {
 public:
  /// Opens the database and serves. Failure kConfig: an address, a key or a file that cannot be right; kUnavailable:
  /// the port is taken or the database cannot be opened.
  explicit Sandbox(const Options& options);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  std::uint16_t port() const;
  /// "http://127.0.0.1:PORT/ucaas/v1/"
  std::string base_url() const;

  /// From the next request on; the rules' counters begin anew.
  void SetFaults(const Faults& faults);
  Counters counters() const;

  /// All objects of the account's own list as JSON, one a line, ordered by their e-mail (groups: name) without case.
  /// Without ids and times, with groups by name, so that two accounts with the same people give the same text.
  std::string Dump(Kind kind) const;
  std::size_t Count(Kind kind) const;
  /// Addresses that a welcome mail went to, in the order of sending; one that was mailed twice is there twice.
  std::vector<std::string> WelcomeMails() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::sandbox
