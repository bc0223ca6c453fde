// The account in one SQLite file: objects, memberships, mails and stored replies. Knows rows, not the API's rules.
// One object per connection, used by one thread at a time. Throws Failure when it cannot open, std::exception (of
// SQLite) when the storage fails later. Write-ahead log without fsync: what was committed survives the process, not the
// machine (a power cut can ruin the file). Several processes may have the file open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/ucaas/sandbox/request.h"
#include "daemon/model/kind.h"
#include "daemon/model/time.h"

namespace ucaas_sync::sandbox {

using RowId = std::int64_t;

struct Object {
  RowId id = 0;
  RowId owner = 0;                  ///< 0: the account; otherwise the user whose list it is in. Users: always 0.
  std::vector<std::string> values;  ///< By column of the schema.
  std::vector<RowId> links;         ///< Groups of a contact, ascending. Not filled for groups.
  Instant created_at;
  Instant updated_at;
};

struct PasswordHash {
  std::string salt;
  std::string hash;
};

struct StoredReply {
  std::string request_hash;
  int status = 200;
  std::string body;
};

struct StoredLogin {
  RowId id = 0;
  bool active = false;
  PasswordHash password;
};

class Database {
 public:
  /// Makes the file (mode 0600) and its tables if they are missing.
  explicit Database(const std::filesystem::path& file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A write transaction, rolled back unless it is committed. All functions marked [write] need one.
  class Write {
   public:
    explicit Write(Database& database);
    ~Write();
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;
    void Commit();

   private:
    Database& database_;
    bool open_ = true;
  };

  /// [write] `object.links` is not looked at.
  RowId Insert(Kind kind, const Object& object);
  /// [write] Values and updated_at; nothing else can change.
  void Update(Kind kind, const Object& object);
  /// [write] With its memberships. False: there was none.
  bool Delete(Kind kind, RowId owner, RowId id);
  std::optional<Object> Get(Kind kind, RowId owner, RowId id);
  /// By e-mail or name, without case.
  std::optional<RowId> FindNatural(Kind kind, RowId owner, std::string_view natural);
  std::vector<Object> List(Kind kind, RowId owner, const ListQuery& query);
  /// In the order of their natural key without case.
  void ForEach(Kind kind, RowId owner, const std::function<void(const Object&)>& visit);
  std::size_t Count(Kind kind, RowId owner);

  /// [write] Replaces the groups of a contact, or the contacts of a group.
  void SetLinks(Kind kind, RowId id, std::span<const RowId> links);
  std::vector<RowId> Links(Kind kind, RowId id);

  /// [write]
  void SetPassword(RowId user, const PasswordHash& password);
  std::optional<StoredLogin> FindLogin(std::string_view email);
  bool IsActiveUser(RowId user);

  /// [write]
  void AddMail(RowId user, std::string_view address, Instant at);
  std::vector<std::string> Mails();
  std::uint64_t CountMails();

  /// [write] Also forgets what was stored before `expired`.
  void StoreReply(std::string_view scope, const StoredReply& reply, Instant at, Instant expired);
  std::optional<StoredReply> FindReply(std::string_view scope, Instant not_before);

  /// The id as the API shows it: decimal for users, 24 lower-case hexadecimal digits for contacts and groups.
  std::string ExternalId(Kind kind, RowId id) const;
  /// Nothing for a text that cannot be an id of this kind in this account.
  std::optional<RowId> InternalId(Kind kind, std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::sandbox
