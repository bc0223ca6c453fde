// The program as a user runs it: a folder of its own, files in it, commands with their output and exit code.
// The folder and the sandbox in it go with the object. Single-threaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ucaas_sync::testing {

struct Output {
  int code = -1;  ///< The exit code, or 128 + signal.
  std::string out;
  std::string err;
  bool Says(std::string_view text) const {
    return out.find(text) != std::string::npos || err.find(text) != std::string::npos;
  }
};

class Cli {
 public:
  Cli();
  ~Cli();
  Cli(const Cli&) = delete;
  Cli& operator=(const Cli&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// Writes a file in the folder (mode 0600) and sets its modification time so that two writes differ.
  void Write(const std::string& name, std::string_view content);
  std::string Read(const std::string& name) const;
  /// Runs the program in the folder with `-c config.yaml` before `arguments`, and waits.
  Output Run(const std::vector<std::string>& arguments);
  /// Without `-c`.
  Output RunBare(const std::vector<std::string>& arguments);
  /// Environment for the commands to come.
  void SetEnvironment(const std::string& name, const std::string& value) { environment_[name] = value; }

  /// What the sandbox `account.db` in the folder holds, as SQL answers, one row a line.
  std::string Account(const std::string& sql) const;
  /// Rows of the sandbox's table for "user", "group" or "contact".
  std::uint64_t Count(const std::string& kind) const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::string> environment_;
};

/// A configuration on the sandbox `account.db` for `people.csv` with the columns employee_id, first_name, last_name,
/// email, department, title and status: users, groups and contacts. `more` is appended.
std::string CompanyConfig(std::string_view more = {});
/// A people.csv for CompanyConfig with `count` people E1, E2, …; heading and CRLF line ends.
std::string CompanyCsv(std::uint64_t count);

}  // namespace ucaas_sync::testing
