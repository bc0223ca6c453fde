#include "tests/commands/company.h"

#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <algorithm>

namespace ucaas_sync::testing {

Company::Company(std::uint64_t count, std::string_view more_config) {
  Write("config.yaml", CompanyConfig(more_config));
  Write("people.csv", CompanyCsv(count));
  Expect(Run({"sync"}), 0, {"converged"});
  REQUIRE(Count("user") == count);
  REQUIRE(Count("contact") == count);
  REQUIRE(Count("group") == std::min<std::uint64_t>(count, 6));
}

void Company::ExpectRefused(std::string_view content, std::initializer_list<std::string_view> says) {
  Write("people.csv", content);
  ExpectNoWrite(5, says);
  Expect(Run({"sync"}), 5, {"nothing was written"});
}

void Company::ExpectNoWrite(int code, std::initializer_list<std::string_view> says) {
  const std::string before = Everything();
  Expect(Run({"sync"}), code, says);
  CHECK(Everything() == before);
}

std::string Lines(const std::string& text, std::size_t first, std::size_t last) {
  std::string lines;
  std::size_t at = 0;
  for (std::size_t line = 1; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find("\r\n", at), text.size() - 2) + 2;
    if (line >= first && line <= last) lines += text.substr(at, end - at);
    at = end;
  }
  return lines;
}

void InAccount(const Cli& cli, const std::string& sql) {
  SQLite::Database(cli.Path("account.db"), SQLite::OPEN_READWRITE, 5000).exec(sql);
}

void LetADayPass(const Cli& cli) {
  SQLite::Database(cli.Path("state/state.db"), SQLite::OPEN_READWRITE, 5000)
      .exec(
          "UPDATE refresh SET finished_at = finished_at - 90000000, not_before = NULL; "
          "UPDATE repair SET at = at - 90000000");
}

}  // namespace ucaas_sync::testing
