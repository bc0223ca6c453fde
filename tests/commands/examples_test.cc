// Each example of config/examples as it stands there, in a folder of its own.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/support/cli.h"

namespace ucaas_sync::testing {
namespace {

struct Example {
  std::string name;
  int users = 0;
  int groups = 0;
  int contacts = 0;
};

int CountIn(const std::filesystem::path& database, const std::string& table) {
  return std::stoi(AccountAt(database, "SELECT count(*) FROM " + table));
}

}  // namespace

TEST_CASE("each example is checked, planned and synced, and its second sync has nothing to do") {
  const std::vector<Example> examples{
      {.name = "active-directory", .users = 8, .groups = 5, .contacts = 8},
      {.name = "employees-and-contractors", .users = 8, .groups = 7, .contacts = 10},
      {.name = "hr-and-directory", .users = 8, .groups = 4, .contacts = 8},
      {.name = "openldap", .users = 9, .groups = 4, .contacts = 9},
      {.name = "small-company", .users = 15, .groups = 5, .contacts = 15},
  };
  std::set<std::string> there;
  for (const auto& entry : std::filesystem::directory_iterator(UCAAS_SYNC_EXAMPLES)) {
    if (entry.path().extension() == ".yaml") there.insert(entry.path().stem());
  }
  std::set<std::string> listed;
  for (const Example& example : examples) listed.insert(example.name);
  CHECK(listed == there);

  for (const Example& example : examples) {
    CAPTURE(example.name);
    Cli cli;
    std::filesystem::copy(UCAAS_SYNC_EXAMPLES, cli.folder(),
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    const std::string config = example.name + ".yaml";
    const auto run = [&](const std::string& command) { return cli.RunBare({"-c", config, command}); };
    Expect(run("check"), 0, {"good"});
    Expect(run("plan"), 0, {"changes to make"});
    Expect(run("sync"), 0, {"converged"});
    Expect(run("sync"), 0, {"nothing to do"});
    const auto database = cli.folder() / (example.name + ".sandbox.db");
    CHECK(CountIn(database, "users") == example.users);
    CHECK(CountIn(database, "groups") == example.groups);
    CHECK(CountIn(database, "contacts") == example.contacts);
  }
}

TEST_CASE("in a Windows domain whoever is disabled is suspended, and back again, whatever other flags are set") {
  const std::string enabled = "userAccountControl: 512\r\nsAMAccountName: e1002";
  // No password needed, locked out, password expired.
  for (const int others : {512 + 32, 512 + 16, 512 + 8'388'608}) {
    CAPTURE(others);
    Cli cli;
    std::filesystem::copy(UCAAS_SYNC_EXAMPLES, cli.folder(),
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
    const std::string ldif = cli.Read("data/active-directory.ldif");
    const auto sync = [&cli] { return cli.RunBare({"-c", "active-directory.yaml", "sync"}); };
    const auto bernd = [&cli] {
      return AccountAt(cli.folder() / "active-directory.sandbox.db",
                       "SELECT status FROM users WHERE email = 'bernd.e1002@example.com'");
    };
    Expect(sync(), 0, {"converged"});
    const std::string active = bernd();
    const auto with = [&](int flags) {
      cli.Write("data/active-directory.ldif",
                Replaced(ldif, enabled, "userAccountControl: " + std::to_string(flags) + "\r\nsAMAccountName: e1002"));
    };
    with(others + 2);
    Expect(sync(), 0, {"converged"});
    CHECK(bernd() != active);
    with(others);
    Expect(sync(), 0, {"converged"});
    CHECK(bernd() == active);
  }
}

}  // namespace ucaas_sync::testing
