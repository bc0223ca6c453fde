#include "connectors/ucaas/sandbox/statements.h"

namespace ucaas_sync::sandbox {
namespace {

// Lists can be ordered in thousands of ways; only the usual ones are worth keeping.
constexpr std::size_t kMaxStatements = 300;

}  // namespace

Query& Query::Bind(std::string_view text) {
  statement_->bind(++bound_, std::string(text));
  return *this;
}

std::shared_ptr<SQLite::Statement> Statements::Get(const std::string& sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  if (statements_.size() >= kMaxStatements) statements_.clear();
  return statements_.emplace(sql, std::make_shared<SQLite::Statement>(database_, sql)).first->second;
}

}  // namespace ucaas_sync::sandbox
