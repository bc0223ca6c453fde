// Prepared statements by their text, and a guard that gives one back reset, so that no half-read statement holds up a
// commit. Used by one thread at a time.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ucaas_sync::sandbox {

/// One execution of a prepared statement. Parameters are bound in their order.
class Query {
 public:
  explicit Query(std::shared_ptr<SQLite::Statement> statement) : statement_(std::move(statement)) {}
  ~Query() { statement_->tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Bind(std::string_view text);
  Query& Bind(std::int64_t number) {
    statement_->bind(++bound_, number);
    return *this;
  }
  bool Step() { return statement_->executeStep(); }
  void Run() { statement_->exec(); }

  std::int64_t Number(int column) const { return statement_->getColumn(column).getInt64(); }
  std::string Text(int column) const { return statement_->getColumn(column).getString(); }

 private:
  std::shared_ptr<SQLite::Statement> statement_;
  int bound_ = 0;
};

class Statements {
 public:
  explicit Statements(SQLite::Database& database) : database_(database) {}
  /// The statement for `sql`; not to be asked for again before the Query that has it is gone.
  std::shared_ptr<SQLite::Statement> Get(const std::string& sql);

 private:
  SQLite::Database& database_;
  std::unordered_map<std::string, std::shared_ptr<SQLite::Statement>> statements_;
};

}  // namespace ucaas_sync::sandbox
