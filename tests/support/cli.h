// The program as a user runs it: a folder of its own, files in it, commands with their output and exit code.
// The folder and the sandbox in it go with the object. Single-threaded.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
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

/// Checks the exit code and that each of `says` stands in the output; shows the whole output when it does not.
void Expect(const Output& output, int code, std::initializer_list<std::string_view> says = {});

/// What the sandbox file `database` holds, as SQL answers, one row a line.
std::string AccountAt(const std::filesystem::path& database, const std::string& sql);

/// A command that is under way. The destructor kills what has not ended.
class Child {
 public:
  Child(const std::filesystem::path& folder, std::vector<std::string> words, const std::vector<std::string>& variables);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  /// Until its stderr says `text`, after what was waited for before; throws when it does not within `bound`.
  void WaitFor(std::string_view text, std::chrono::seconds bound = std::chrono::seconds(30));
  /// What it wrote so far, as far as it was waited for.
  const Output& written() const { return written_; }
  /// Its exit code, or 128 + signal; what it wrote is in `Output`.
  Output Wait();

 private:
  Output written_;
  std::size_t heard_ = 0;
  pid_t pid_ = 0;
  int out_ = -1;
  int err_ = -1;
};

class Cli {
 public:
  Cli();
  ~Cli();
  Cli(const Cli&) = delete;
  Cli& operator=(const Cli&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// Writes a file in the folder, mode 0600, as if a minute ago.
  void Write(const std::string& name, std::string_view content);
  std::string Read(const std::string& name) const;
  /// Runs the program in the folder with `-c config.yaml` before `arguments`, and waits.
  Output Run(const std::vector<std::string>& arguments);
  /// Without `-c`.
  Output RunBare(const std::vector<std::string>& arguments);
  /// As Run, but does not wait.
  Child Start(const std::vector<std::string>& arguments);
  /// "FOLDER/name", as messages give the place in a file: Path("people.csv:4").
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  /// Environment for the commands to come.
  void SetEnvironment(const std::string& name, const std::string& value) { environment_[name] = value; }

  /// What the sandbox `account.db` in the folder holds, as SQL answers, one row a line.
  std::string Account(const std::string& sql) const;
  /// Rows of the sandbox's table for "user", "group" or "contact".
  std::uint64_t Count(const std::string& kind) const;
  /// Everything the account holds, with ids and times: equal texts mean that nothing was written in between.
  std::string Everything() const;

 private:
  std::vector<std::string> Variables() const;

  std::filesystem::path folder_;
  std::map<std::string, std::string> environment_;
};

/// The target of CompanyConfig unless another is given.
inline constexpr std::string_view kSandboxTarget = "target: { sandbox: account.db }\n";

/// A configuration for `people.csv` with the columns employee_id, first_name, last_name, email, department, title and
/// status: users, groups and contacts. `more` is appended.
std::string CompanyConfig(std::string_view more = {}, std::string_view target = kSandboxTarget);

/// One row of people.csv.
struct Person {
  std::string id;
  std::string first_name;
  std::string last_name;
  std::string email;
  std::string department;
  std::string title;
  std::string status = "active";
};

/// `count` people E1, E2, …; person i works in the department i % 6 of Sales, Finance, Research, Support, Legal, Board.
std::vector<Person> CompanyPeople(std::uint64_t count);
/// Heading, CRLF line ends, the title in quotes.
std::string CsvOf(const std::vector<Person>& people);
std::string CompanyCsv(std::uint64_t count);
/// `text` with the first `old` replaced; throws where there is none, so that a test cannot pass for want of a change.
std::string Replaced(std::string text, std::string_view old, std::string_view replacement);

}  // namespace ucaas_sync::testing
