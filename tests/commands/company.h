// A company whose first sync is done, and what must not have happened to its account since.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/cli.h"

namespace ucaas_sync::testing {

class Company : public Cli {
 public:
  /// Writes config.yaml and people.csv and syncs; the test fails unless everybody is in the account then.
  explicit Company(std::uint64_t count, std::string_view more_config = {});

  void WritePeople(const std::vector<Person>& people) { Write("people.csv", CsvOf(people)); }
  /// Syncs `content` as people.csv: it must end 5 and say all of `says`, and the account must be as it was.
  void ExpectRefused(std::string_view content, std::initializer_list<std::string_view> says);
  /// Syncs: it must end with `code` and say all of `says`, and the account must be as it was.
  void ExpectNoWrite(int code, std::initializer_list<std::string_view> says);
};

/// By hand, in the account of `cli`.
void InAccount(const Cli& cli, const std::string& sql);
/// As if everything had been looked at a day and more ago.
void LetADayPass(const Cli& cli);

/// The rows of `text` (CRLF) from `first` to `last`, counted from 1.
std::string Lines(const std::string& text, std::size_t first, std::size_t last);

}  // namespace ucaas_sync::testing
