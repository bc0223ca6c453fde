// A directory server for a test: OpenLDAP's slapd with a database of its own, reached by a socket in its folder.
// The destructor ends the server and removes the folder. Single-threaded. What does not work throws runtime_error.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace ucaas_sync::testing {

class Slapd {
 public:
  /// Loads `entries` (LDIF, below dc=example,dc=com) and waits until the server answers.
  explicit Slapd(const std::string& entries);
  Slapd(const Slapd&) = delete;
  Slapd& operator=(const Slapd&) = delete;
  ~Slapd() { Stop(); }

  /// What slapcat writes.
  std::string Slapcat();
  /// What ldapsearch writes with these options.
  std::string Search(const std::vector<std::string>& options, int expected_exit = 0);

 private:
  std::string Path(const char* name) const { return (folder_ / name).string(); }
  std::string Run(const std::vector<std::string>& arguments, int expected_exit = 0);
  void WaitUntilItAnswers();
  void Stop();

  std::filesystem::path folder_;
  std::string url_;
  pid_t server_ = 0;
};

}  // namespace ucaas_sync::testing
