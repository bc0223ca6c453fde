#include "connectors/ucaas/sandbox/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "connectors/ucaas/sandbox/random_text.h"
#include "connectors/ucaas/sandbox/schema.h"
#include "connectors/ucaas/sandbox/statements.h"
#include "daemon/model/problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr int kApplicationId = 0x55435342;  // "UCSB", so that another program's database is not taken for ours
constexpr int kSchemaVersion = 1;
constexpr RowId kFirstUserId = 70000;
constexpr std::size_t kIdHalf = 12;  // hexadecimal digits of an id's prefix, and of its number
constexpr int kBusyMilliseconds = 10'000;

std::string_view Table(Kind kind) {
  return Collection(kind);
}

std::string ColumnList(Kind kind) {
  std::string out;
  for (const Column& column : ColumnsOf(kind)) {
    if (!out.empty()) out += ", ";
    out += '"';
    out += column.name;
    out += '"';
  }
  return out;
}

std::string CreateTable(Kind kind) {
  std::string sql = "CREATE TABLE " + std::string(Table(kind)) +
                    "(id INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER NOT NULL, natural TEXT NOT NULL, "
                    "created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, ";
  for (const Column& column : ColumnsOf(kind)) {
    sql += "\"" + std::string(column.name) + "\" TEXT NOT NULL, ";
  }
  if (kind == Kind::kUser) sql += "salt TEXT NOT NULL DEFAULT '', password TEXT NOT NULL DEFAULT '', ";
  return sql + "UNIQUE(owner, natural)) STRICT";
}

Object ReadObject(const Query& query, Kind kind) {
  Object object;
  object.id = query.Number(0);
  object.owner = query.Number(1);
  object.created_at = Instant(Duration(query.Number(2)));
  object.updated_at = Instant(Duration(query.Number(3)));
  const std::size_t columns = ColumnsOf(kind).size();
  object.values.reserve(columns);
  for (std::size_t i = 0; i < columns; ++i) object.values.push_back(query.Text(static_cast<int>(4 + i)));
  return object;
}

std::int64_t Milliseconds(Instant instant) {
  return instant.time_since_epoch().count();
}

/// Text for LIKE with "\" as the escape.
std::string LikePattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

void CreatePrivately(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    throw Failure(ExitCode::kConfig, file.string() +
                                         ": the sandbox's database cannot be opened or made: " + std::strerror(errno) +
                                         "; give a path in a directory that exists and that this user may write");
  }
  ::close(descriptor);
}

}  // namespace

struct Database::Impl {
  explicit Impl(const std::filesystem::path& file)
      : sqlite(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX, kBusyMilliseconds),
        statements(sqlite) {}

  std::shared_ptr<SQLite::Statement> Get(const std::string& sql) { return statements.Get(sql); }

  void CreateTables() {
    for (const Kind kind : kAllKinds) sqlite.exec(CreateTable(kind));
    sqlite.exec(
        "CREATE TABLE memberships(contact INTEGER NOT NULL, grp INTEGER NOT NULL, PRIMARY KEY(contact, grp)) "
        "STRICT, WITHOUT ROWID");
    sqlite.exec("CREATE INDEX memberships_grp ON memberships(grp, contact)");
    sqlite.exec(
        "CREATE TABLE mails(id INTEGER PRIMARY KEY, user INTEGER NOT NULL, address TEXT NOT NULL, "
        "at INTEGER NOT NULL) STRICT");
    sqlite.exec(
        "CREATE TABLE replies(scope TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, "
        "body TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID");
    sqlite.exec("CREATE INDEX replies_at ON replies(at)");
    sqlite.exec("CREATE TABLE prefixes(kind TEXT PRIMARY KEY, prefix TEXT NOT NULL) STRICT, WITHOUT ROWID");
    for (const Kind kind : {Kind::kGroup, Kind::kContact}) {
      // Half of an id: the same for all objects of one kind in one account, different in every account.
      const std::string prefix = RandomHex(kIdHalf);
      Query(Get("INSERT INTO prefixes VALUES(?, ?)")).Bind(Name(kind)).Bind(prefix).Run();
    }
    Query(Get("INSERT INTO sqlite_sequence(name, seq) VALUES('users', ?)")).Bind(kFirstUserId).Run();
    sqlite.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
    sqlite.exec("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  }

  /// Another process may be doing the same at this moment, so all of it is one transaction.
  void Prepare(const std::filesystem::path& file) {
    sqlite.exec("BEGIN IMMEDIATE");
    const int application = sqlite.execAndGet("PRAGMA application_id").getInt();
    const int version = sqlite.execAndGet("PRAGMA user_version").getInt();
    const int tables = sqlite.execAndGet("SELECT count(*) FROM sqlite_schema").getInt();
    if (application == 0 && tables == 0) {
      CreateTables();
    } else if (application != kApplicationId || version != kSchemaVersion) {
      throw Failure(ExitCode::kConfig,
                    file.string() +
                        ": this is an SQLite database, but not one of this version's sandbox; give another path, or "
                        "remove the file if its content is not needed");
    }
    sqlite.exec("COMMIT");
    Query query(Get("SELECT kind, prefix FROM prefixes"));
    while (query.Step()) {
      if (const auto kind = KindNamed(query.Text(0))) prefixes[Index(*kind)] = query.Text(1);
    }
  }

  /// Changed by another process since it was last asked.
  std::int64_t DataVersion() {
    Query query(Get("PRAGMA data_version"));
    return query.Step() ? query.Number(0) : 0;
  }

  SQLite::Database sqlite;
  Statements statements;
  std::array<std::string, kKindCount> prefixes;

  // Where the last page of a plain list ended, so that reading a million objects page by page does not count through
  // all earlier pages each time. Good while nothing was deleted.
  struct Mark {
    Kind kind = Kind::kUser;
    RowId owner = 0;
    std::uint64_t next_page = 0;
    std::uint64_t page_length = 0;
    RowId last_id = 0;
    std::uint64_t deletions = 0;
    std::int64_t data_version = 0;
    friend bool operator==(const Mark&, const Mark&) = default;
  };
  Mark mark;
  std::uint64_t deletions = 0;
};

Database::Database(const std::filesystem::path& file) {
  CreatePrivately(file);
  try {
    impl_ = std::make_unique<Impl>(file);
    impl_->sqlite.exec("PRAGMA journal_mode = WAL");
    // Nothing waits for the disk: the kernel has what was committed, whatever becomes of this process.
    impl_->sqlite.exec("PRAGMA synchronous = OFF");
    impl_->Prepare(file);
  } catch (const SQLite::Exception& error) {
    throw Failure(ExitCode::kConfig, file.string() + ": the sandbox's database cannot be used: " + error.what() +
                                         "; give another path, or remove the file if its content is not needed");
  }
}

Database::~Database() = default;

Database::Write::Write(Database& database) : database_(database) {
  Query(database_.impl_->Get("BEGIN IMMEDIATE")).Run();
}

Database::Write::~Write() {
  // Nothing can be done about a rollback that fails; the next transaction will say so.
  if (open_) sqlite3_exec(database_.impl_->sqlite.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::Write::Commit() {
  Query(database_.impl_->Get("COMMIT")).Run();
  open_ = false;
}

RowId Database::Insert(Kind kind, const Object& object) {
  std::string sql = "INSERT INTO " + std::string(Table(kind)) + "(owner, natural, created_at, updated_at, " +
                    ColumnList(kind) + ") VALUES(?, ?, ?, ?";
  for (std::size_t i = 0; i < object.values.size(); ++i) sql += ", ?";
  Query query(impl_->Get(sql + ")"));
  query.Bind(object.owner).Bind(FoldCase(object.values[NaturalColumn(kind)]));
  query.Bind(Milliseconds(object.created_at)).Bind(Milliseconds(object.updated_at));
  for (const std::string& value : object.values) query.Bind(value);
  query.Run();
  return impl_->sqlite.getLastInsertRowid();
}

void Database::Update(Kind kind, const Object& object) {
  std::string sql = "UPDATE " + std::string(Table(kind)) + " SET natural = ?, updated_at = ?";
  for (const Column& column : ColumnsOf(kind)) sql += ", \"" + std::string(column.name) + "\" = ?";
  Query query(impl_->Get(sql + " WHERE id = ? AND owner = ?"));
  query.Bind(FoldCase(object.values[NaturalColumn(kind)])).Bind(Milliseconds(object.updated_at));
  for (const std::string& value : object.values) query.Bind(value);
  query.Bind(object.id).Bind(object.owner).Run();
}

bool Database::Delete(Kind kind, RowId owner, RowId id) {
  Query(impl_->Get("DELETE FROM " + std::string(Table(kind)) + " WHERE id = ? AND owner = ?"))
      .Bind(id)
      .Bind(owner)
      .Run();
  if (impl_->sqlite.getChanges() == 0) return false;
  ++impl_->deletions;
  if (kind != Kind::kUser) SetLinks(kind, id, {});
  return true;
}

std::optional<Object> Database::Get(Kind kind, RowId owner, RowId id) {
  std::optional<Object> object;
  {
    Query query(impl_->Get("SELECT id, owner, created_at, updated_at, " + ColumnList(kind) + " FROM " +
                           std::string(Table(kind)) + " WHERE id = ? AND owner = ?"));
    if (!query.Bind(id).Bind(owner).Step()) return std::nullopt;
    object = ReadObject(query, kind);
  }
  if (kind == Kind::kContact) object->links = Links(kind, id);
  return object;
}

std::optional<RowId> Database::FindNatural(Kind kind, RowId owner, std::string_view natural) {
  const std::string folded = FoldCase(natural);
  Query query(impl_->Get("SELECT id FROM " + std::string(Table(kind)) + " WHERE owner = ? AND natural = ?"));
  if (!query.Bind(owner).Bind(folded).Step()) return std::nullopt;
  return query.Number(0);
}

std::vector<Object> Database::List(Kind kind, RowId owner, const ListQuery& list) {
  const bool plain = list.search_by.empty() && list.order_by.empty() && !list.descending;
  Impl::Mark here{kind,
                  owner,
                  list.page,
                  list.page_length,
                  impl_->mark.last_id,
                  impl_->deletions,
                  plain ? impl_->DataVersion() : 0};
  const bool resumes = plain && list.page > 1 && here == impl_->mark;

  std::string sql = "SELECT id, owner, created_at, updated_at, " + ColumnList(kind) + " FROM " +
                    std::string(Table(kind)) + " WHERE owner = ?";
  std::string pattern;
  std::optional<RowId> wanted_id;
  if (list.search_by == IdName(kind)) {
    sql += " AND id = ?";
    wanted_id = InternalId(kind, list.search_string).value_or(0);
  } else if (list.search_by == ColumnsOf(kind)[NaturalColumn(kind)].name) {
    sql += " AND instr(natural, ?) > 0";
    pattern = FoldCase(list.search_string);
  } else if (!list.search_by.empty()) {
    sql += " AND \"" + list.search_by + "\" LIKE ? ESCAPE '\\'";
    pattern = LikePattern(list.search_string);
  }
  const std::string direction = list.descending ? " DESC" : " ASC";
  if (resumes) sql += " AND id > ?";
  sql += " ORDER BY ";
  for (const std::string& name : list.order_by) {
    const std::string column = name == IdName(kind) ? "id" : "\"" + name + "\" COLLATE NOCASE";
    sql += column + direction + ", ";
  }
  sql += "id" + direction + " LIMIT ? OFFSET ?";

  std::vector<Object> objects;
  {
    Query query(impl_->Get(sql));
    query.Bind(owner);
    if (wanted_id) {
      query.Bind(*wanted_id);
    } else if (!pattern.empty()) {
      query.Bind(pattern);
    }
    if (resumes) query.Bind(impl_->mark.last_id);
    const auto length = static_cast<std::int64_t>(list.page_length);
    query.Bind(length).Bind(resumes ? 0 : static_cast<std::int64_t>(list.page - 1) * length);
    while (query.Step()) objects.push_back(ReadObject(query, kind));
  }
  if (kind == Kind::kContact) {
    for (Object& object : objects) object.links = Links(kind, object.id);
  }
  if (plain && !objects.empty() && objects.size() == list.page_length) {
    here.next_page = list.page + 1;
    here.last_id = objects.back().id;
    impl_->mark = here;
  }
  return objects;
}

void Database::ForEach(Kind kind, RowId owner, const std::function<void(const Object&)>& visit) {
  Query query(impl_->Get("SELECT id, owner, created_at, updated_at, " + ColumnList(kind) + " FROM " +
                         std::string(Table(kind)) + " WHERE owner = ? ORDER BY natural"));
  query.Bind(owner);
  while (query.Step()) {
    Object object = ReadObject(query, kind);
    if (kind == Kind::kContact) object.links = Links(kind, object.id);
    visit(object);
  }
}

std::size_t Database::Count(Kind kind, RowId owner) {
  Query query(impl_->Get("SELECT count(*) FROM " + std::string(Table(kind)) + " WHERE owner = ?"));
  query.Bind(owner).Step();
  return static_cast<std::size_t>(query.Number(0));
}

void Database::SetLinks(Kind kind, RowId id, std::span<const RowId> links) {
  const bool of_contact = kind == Kind::kContact;
  Query(impl_->Get(of_contact ? "DELETE FROM memberships WHERE contact = ?" : "DELETE FROM memberships WHERE grp = ?"))
      .Bind(id)
      .Run();
  for (const RowId link : links) {
    Query(impl_->Get("INSERT INTO memberships(contact, grp) VALUES(?, ?)"))
        .Bind(of_contact ? id : link)
        .Bind(of_contact ? link : id)
        .Run();
  }
}

std::vector<RowId> Database::Links(Kind kind, RowId id) {
  std::vector<RowId> links;
  Query query(impl_->Get(kind == Kind::kContact ? "SELECT grp FROM memberships WHERE contact = ? ORDER BY grp"
                                                : "SELECT contact FROM memberships WHERE grp = ? ORDER BY contact"));
  query.Bind(id);
  while (query.Step()) links.push_back(query.Number(0));
  return links;
}

void Database::SetPassword(RowId user, const PasswordHash& password) {
  Query(impl_->Get("UPDATE users SET salt = ?, password = ? WHERE id = ?"))
      .Bind(password.salt)
      .Bind(password.hash)
      .Bind(user)
      .Run();
}

std::optional<StoredLogin> Database::FindLogin(std::string_view email) {
  const std::string folded = FoldCase(email);
  Query query(impl_->Get("SELECT id, status, salt, password FROM users WHERE owner = 0 AND natural = ?"));
  if (!query.Bind(folded).Step()) return std::nullopt;
  return StoredLogin{query.Number(0), query.Text(1) == "A", {query.Text(2), query.Text(3)}};
}

bool Database::IsActiveUser(RowId user) {
  Query query(impl_->Get("SELECT status FROM users WHERE id = ?"));
  return query.Bind(user).Step() && query.Text(0) == "A";
}

void Database::AddMail(RowId user, std::string_view address, Instant at) {
  Query(impl_->Get("INSERT INTO mails(user, address, at) VALUES(?, ?, ?)"))
      .Bind(user)
      .Bind(address)
      .Bind(Milliseconds(at))
      .Run();
}

std::vector<std::string> Database::Mails() {
  std::vector<std::string> addresses;
  Query query(impl_->Get("SELECT address FROM mails ORDER BY id"));
  while (query.Step()) addresses.push_back(query.Text(0));
  return addresses;
}

std::uint64_t Database::CountMails() {
  Query query(impl_->Get("SELECT count(*) FROM mails"));
  query.Step();
  return static_cast<std::uint64_t>(query.Number(0));
}

void Database::StoreReply(std::string_view scope, const StoredReply& reply, Instant at, Instant expired) {
  Query(impl_->Get("DELETE FROM replies WHERE at < ?")).Bind(Milliseconds(expired)).Run();
  Query(impl_->Get("INSERT OR REPLACE INTO replies VALUES(?, ?, ?, ?, ?)"))
      .Bind(scope)
      .Bind(reply.request_hash)
      .Bind(reply.status)
      .Bind(reply.body)
      .Bind(Milliseconds(at))
      .Run();
}

std::optional<StoredReply> Database::FindReply(std::string_view scope, Instant not_before) {
  Query query(impl_->Get("SELECT request, status, body FROM replies WHERE scope = ? AND at >= ?"));
  if (!query.Bind(scope).Bind(Milliseconds(not_before)).Step()) return std::nullopt;
  return StoredReply{query.Text(0), static_cast<int>(query.Number(1)), query.Text(2)};
}

std::string Database::ExternalId(Kind kind, RowId id) const {
  if (kind == Kind::kUser) return std::to_string(id);
  std::array<char, kIdHalf> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), id, 16);
  if (error != std::errc()) throw std::length_error("the sandbox has run out of ids");
  const std::string_view number(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return impl_->prefixes[Index(kind)] + std::string(kIdHalf - number.size(), '0').append(number);
}

std::optional<RowId> Database::InternalId(Kind kind, std::string_view text) const {
  std::string_view number = text;
  if (kind != Kind::kUser) {
    const std::string& prefix = impl_->prefixes[Index(kind)];
    if (text.size() != 2 * kIdHalf || !text.starts_with(prefix)) return std::nullopt;
    number.remove_prefix(kIdHalf);
  }
  RowId id = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), id, kind == Kind::kUser ? 10 : 16);
  // Only the one spelling that we gave out is the id.
  if (error != std::errc() || end != number.data() + number.size() || id <= 0) return std::nullopt;
  if (ExternalId(kind, id) != text) return std::nullopt;
  return id;
}

}  // namespace ucaas_sync::sandbox
