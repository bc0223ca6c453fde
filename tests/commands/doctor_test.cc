// doctor, as an administrator runs it before the first run, and when something is wrong.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/cli.h"
#include "tests/support/scripted_server.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

/// Nothing was made or changed in the folder.
std::size_t Entries(const Cli& cli) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::recursive_directory_iterator(cli.folder())) ++count;
  return count;
}

}  // namespace

TEST_CASE("where all is well doctor says so line by line, ends 0, and changes nothing") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml",
            CompanyConfig("listen: 127.0.0.1:" + std::to_string(test::FreePort()) + "\n", service.Target()));
  cli.Write("people.csv", CompanyCsv(12));
  Expect(cli.Run({"doctor"}), 0,
         {"is not there yet; the first run makes it", "there are none to read", "a run can be made"});
  Expect(cli.Run({"sync"}), 0);
  const std::size_t entries = Entries(cli);
  const std::uint64_t writes = service.counters().writes;
  const Output output = cli.Run({"doctor"});
  Expect(output, 0,
         {"ok       configuration", "ok       state             ", "is sound and of this account", "ok       disk",
          "ok       source hr", "ok       dns", "ok       tcp               connected to 127.0.0.1",
          "ok       rights user       may list users, read one and find it by its e-mail", "ok       rights group",
          "ok       rights contact", "ok       paging user", "ok       credentials", "ok       clock",
          "ok       endpoint", "a run can be made"});
  CHECK(service.counters().writes == writes);
  CHECK(Entries(cli) == entries);
  CHECK_FALSE(output.Says("correct horse battery staple"));
}

TEST_CASE("doctor does not make a sandbox that is not there") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", CompanyCsv(12));
  Expect(cli.Run({"doctor"}), 0, {"not tried: there is no sandbox yet"});
  CHECK_FALSE(std::filesystem::exists(cli.Path("account.db")));
}

TEST_CASE("a folder without a state is told as such") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", CompanyCsv(12));
  std::filesystem::create_directory(cli.folder() / "state");
  std::filesystem::permissions(cli.folder() / "state", std::filesystem::perms::owner_all);
  const Output output = cli.Run({"doctor"});
  Expect(output, 0, {"there is none in " + cli.Path("state") + " yet; the first run makes it"});
  CHECK_FALSE(output.Says("memory"));
}

TEST_CASE("doctor ends as a run would, by the worst that it found") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  SUBCASE("no source") {
    Expect(cli.Run({"doctor"}), 5, {"failed   source hr", "a run would end source"});
  }
  SUBCASE("a target that is down, which is worse than a missing source") {
    service.Stop();
    Expect(cli.Run({"doctor"}), 7,
           {"failed   source hr", "failed   tcp", "tls               not tried: there is no connection",
            "credentials       not tried", "a run would end unavailable"});
  }
  SUBCASE("a key that is refused, which is worse still") {
    cli.Write("access-key", "another");
    Expect(cli.Run({"doctor"}), 6, {"failed   rights user", "check the id and the key", "a run would end refused"});
  }
  SUBCASE("a state of another account") {
    cli.Write("people.csv", CompanyCsv(12));
    Expect(cli.Run({"sync"}), 0);
    cli.Write("config.yaml", CompanyConfig());
    Expect(cli.Run({"doctor"}), 78, {"failed   state", "a run would end config"});
  }
  SUBCASE("a secret that others can read") {
    chmod(cli.Path("access-key").c_str(), 0644);
    Expect(cli.Run({"doctor"}), 78, {"can be read by other users"});
  }
  SUBCASE("an address that cannot be listened on") {
    cli.Write("people.csv", CompanyCsv(12));
    cli.Write("config.yaml", CompanyConfig("listen: 192.0.2.1:9847\n", service.Target()));
    Expect(cli.Run({"doctor"}), 78, {"failed   endpoint", "cannot listen on 192.0.2.1:9847"});
  }
}

TEST_CASE("an old export fails, an optional source that is missing only warns, a missing program is named") {
  Cli cli;
  cli.Write("people.csv", CompanyCsv(12));
  cli.Write("config.yaml", Replaced(CompanyConfig(), "key: employee_id", "key: employee_id, max_age: 30s"));
  Expect(cli.Run({"doctor"}), 5, {"the file was written", "\"max_age:\" is 30 s"});
  cli.Write("config.yaml", Replaced(CompanyConfig(), "key: employee_id", "key: employee_id, required: false"));
  std::filesystem::remove(cli.Path("people.csv"));
  Expect(cli.Run({"doctor"}), 0, {"warning  source hr", "a run can be made"});
  cli.Write("people.csv", CompanyCsv(12));
  cli.Write("config.yaml",
            Replaced(CompanyConfig(), "key: employee_id", "key: employee_id, command: [no-such-program, \"{file}\"]"));
  Expect(cli.Run({"doctor"}), 5, {"there is no program no-such-program"});
}

TEST_CASE("a clock that is far from the target's is found by the target's own word") {
  Cli cli;
  const test::ScriptedServer target(
      {test::Answer("200 OK", R"({"result":1,"data":[]})", "Date: Mon, 23 Nov 2015 09:00:00 GMT\r\n")});
  cli.Write("access-key", "k");
  cli.Write("people.csv", CompanyCsv(12));
  // Users alone: one question is all that this target answers.
  cli.Write("config.yaml",
            "state_dir: state\ntarget:\n  base_url: " + target.base_url() +
                "\n  basic: { id: a, key_file: access-key }\n"
                "sources: { hr: { csv: people.csv, key: employee_id } }\n"
                "users:\n  from: hr\n  fields: { first_name: \"{first_name}\", last_name: \"{last_name}\", "
                "email: \"{email}\", user_type: moderator }\n");
  Expect(cli.Run({"doctor"}), 1, {"failed   clock", "ahead of the target's"});
}

}  // namespace ucaas_sync::testing
