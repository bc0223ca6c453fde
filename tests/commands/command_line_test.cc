// The command line itself: help, mistakes, formats, and what goes into a pipe.
#include <doctest/doctest.h>
#include <rapidjson/document.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {

TEST_CASE("help, --help and version answer without a configuration") {
  Cli cli;
  Expect(cli.RunBare({"--help"}), 0, {"sync", "plan", "Exit codes:", "unavailable", "UCAAS_SYNC_CONFIG"});
  Expect(cli.RunBare({"help"}), 0, {"sync", "plan", "Exit codes:"});
  Expect(cli.RunBare({"version"}), 0, {"ucaas-sync "});
  Expect(cli.RunBare({"--version"}), 0, {"ucaas-sync "});
  for (const char* command : {"check", "read", "plan", "sync", "apply", "status", "sandbox"}) {
    CAPTURE(command);
    Expect(cli.RunBare({"help", command}), 0, {"Example", command});
    CHECK(cli.RunBare({"help", command}).out == cli.RunBare({command, "--help"}).out);
  }
}

TEST_CASE("a command line that cannot be meant ends 64 and says why") {
  Cli cli;
  Expect(cli.RunBare({"snyc"}), 64, {"snyc", "--help"});
  Expect(cli.RunBare({"sync", "--forec"}), 64, {"--forec"});
  Expect(cli.RunBare({"help", "snyc"}), 64, {"no command snyc"});
  Expect(cli.RunBare({"plan", "--format", "xml"}), 64, {"xml"});
  Expect(cli.RunBare({"apply"}), 64, {"FILE"});
  cli.Write("people.ldif", "dn: cn=a\ncn: a\n\n");
  Expect(cli.RunBare({"read", "--ldif", cli.Path("people.ldif"), "--delimiter", ";"}), 64, {"for csv only"});
  Expect(cli.RunBare({}), 64, {"sync"});
}

TEST_CASE("output that could not be written ends 1, a reader that has seen enough is no fault") {
  Company company(12);
  const auto shell = [&](const std::string& command) {
    const std::string line = "cd '" + company.Path("") + "' && exec bash -o pipefail -c '" + UCAAS_SYNC_PROGRAM +
                             " -c config.yaml " + command + "' 2>err";
    return WEXITSTATUS(std::system(line.c_str()));  // NOLINT(bugprone-command-processor,cert-env33-c): words of ours
  };
  company.WritePeople(CompanyPeople(13));
  for (const char* command :
       {"plan", "plan --format json", "plan --detailed-exitcode", "status", "runs", "read hr", "explain E1"}) {
    CAPTURE(std::string(command));
    CHECK(shell(std::string(command) + " >/dev/full") == 1);
    CHECK(company.Read("err").find("could not be written") != std::string::npos);
  }
  CHECK(shell("sync >/dev/full") == 0);
  CHECK(shell("read hr | head -1 >/dev/null") == 0);
  CHECK(company.Read("err").find("could not be written") == std::string::npos);
}

TEST_CASE("a configuration that is not there ends 78 and says where it was looked for") {
  Cli cli;
  Expect(cli.Run({"sync"}), 78, {cli.Path("config.yaml")});
  cli.SetEnvironment("UCAAS_SYNC_CONFIG", cli.Path("other.yaml"));
  Expect(cli.RunBare({"check"}), 78, {cli.Path("other.yaml")});
}

TEST_CASE("check names every problem of every room at once, each with its place") {
  Cli cli;
  std::string config = Replaced(CompanyConfig(), "key: employee_id }", "key: employee_id, delimitor: \";\" }");
  config = Replaced(config, "\"(status=terminated)\"", "\"(status=terminated\"");
  config = Replaced(config, "{email|lower}", "{email|lowre}");
  config = Replaced(config, "map:status|", "map:stati|");
  cli.Write("config.yaml", config + "guards: { user: { suspend: lots } }\n");
  const Output output = cli.Run({"check"});
  Expect(output, 78, {"config.yaml:4:", "\"delimitor\"", "delimiter", "config.yaml:9:", "lowre", "stati", "lots"});
  CHECK(cli.Run({"sync"}).code == 78);
  CHECK(cli.Count("user") == 0);
  cli.Write("config.yaml", CompanyConfig());
  Expect(cli.Run({"check"}), 0, {"good", "1 source", "3 rules"});
}

TEST_CASE("check looks at the rest of a rule whose source does not exist") {
  Cli cli;
  std::string config = Replaced(CompanyConfig(), "from: hr", "from: payroll");
  config = Replaced(config, "{email|lower}", "{email|lowre}");
  cli.Write("config.yaml", Replaced(config, "map:status|", "map:stati|"));
  const Output output = cli.Run({"check"});
  Expect(output, 78, {"\"payroll\" is no source", "lowre", "stati"});
  std::size_t lines = 0;
  for (const char c : output.out + output.err) lines += c == '\n' ? 1 : 0;
  CAPTURE(output.out);
  CAPTURE(output.err);
  CHECK_MESSAGE(lines <= 5,
                "one for the source, one for each template and the sum, and none that follows from another");
}

TEST_CASE("status --format json has the shape that scripts rely on") {
  Company company(15);
  auto people = CompanyPeople(15);
  people.pop_back();
  people[4].email = "nobody";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 4);
  company.Write("people.csv", "");
  Expect(company.Run({"sync"}), 5);
  const Output output = company.Run({"status", "--format", "json"});
  rapidjson::Document status;
  status.Parse<rapidjson::kParseIterativeFlag>(output.out.c_str());
  REQUIRE_FALSE(status.HasParseError());
  REQUIRE(status["runs"].Size() == 3);
  CHECK(std::string(status["runs"][0]["outcome"].GetString()) == "source");
  CHECK(std::string(status["runs"][1]["outcome"].GetString()) == "partial");
  CHECK(std::string(status["runs"][2]["outcome"].GetString()) == "converged");
  for (const char* member : {"id", "outcome", "started", "ended", "trigger", "summary"}) {
    CHECK(status["runs"][0].HasMember(member));
  }
  CHECK(status["runs"][2]["summary"]["user"]["create"].GetInt() == 15);
  CHECK(status["quarantine"].Size() == 2);
  CHECK(status["held"].IsNull());
  CHECK(status["due"].IsArray());
  CHECK(status.HasMember("next_run"));
}

TEST_CASE("status before the first run says what to do") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"status"}), 0, {"No run yet", "ucaas-sync plan"});
}

TEST_CASE("neither colour nor progress goes into a pipe") {
  Company company(15);
  company.Write("people.csv", Replaced(CompanyCsv(15), "Person3,", "Changed,"));
  company.SetEnvironment("TERM", "xterm-256color");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"plan"}, {"sync"}, {"status"}, {"check"}, {"read", "hr"}, {"help"}, {"codes"}}) {
    const Output output = company.Run(command);
    CHECK(output.code == 0);
    CHECK(output.out.find('\x1b') == std::string::npos);
    CHECK(output.err.find('\x1b') == std::string::npos);
    CHECK(output.err.find('\r') == std::string::npos);
  }
}

TEST_CASE("escape sequences in a source reach neither the terminal nor another line") {
  Company company(15);
  company.Write("people.csv", Replaced(CompanyCsv(15), "Person3,", "\"\x1b]0;owned\x07\nrun: converged\","));
  const Output output = company.Run({"plan"});
  CHECK(output.out.find('\x1b') == std::string::npos);
  CHECK(output.out.find("\nrun: converged") == std::string::npos);
}

}  // namespace ucaas_sync::testing
