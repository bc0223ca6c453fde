#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "fixture.h"

namespace ucaas_sync::config {
namespace {

const std::string kManual = R"yaml(state_dir: /var/lib/ucaas-sync
target:
  base_url: https://api.enablex.io/ucaas/v1/
  basic: { id: "${UCAAS_ACCESS_ID}", key_file: access-key }
sources:
  hr:        { csv: /srv/hr/people.csv, key: employee_id }
  directory: { ldif: /srv/ad/export.ldif, key: employeeNumber, filter: "(objectClass=inetOrgPerson)" }
tables:
  status: { active: A, leave: S }
users:
  from: hr
  join: { directory: employee_id }          # the directory's record with this key adds the attributes that hr lacks
  filter: "(&(employee_id=*)(start_date<=today+7d))"
  left: "(status=terminated)"
  fields:
    first_name: "{first_name}"
    last_name: "{last_name}"
    email: "{email,mail|lower}"             # the first that has a value
    department: "{department}"
    designation: "{title|default:Staff}"
    user_type: moderator
    status: "{status|map:status|default:A}"
  create_only: [user_type]
groups:
  from: hr
  fields: { name: "{department}" }          # one group for each distinct value; key: "{dept_id}" to survive a renamed department
contacts:
  from: hr
  left: "(status=terminated)"
  fields: { name: "{first_name} {last_name}", email: "{email,mail|lower}", company: Example Ltd, designation: "{title}", shared: "true" }
  groups: "{department}"
guards: { protect: "(user_type=admin)" }
listen: 127.0.0.1:9847
)yaml";

std::string WithTarget(const std::string& target) {
  return "target: " + target + "\n" + kSound.substr(kSound.find('\n') + 1);
}

}  // namespace

TEST_CASE("where there is no configuration yet, the package's example is named") {
  const Folder folder;
  const std::filesystem::path file = folder.path() / "config.yaml";
  CHECK_FALSE(LoadFile(file).Says(".example"));
  folder.Write("config.yaml.example", kSound);
  CHECK(LoadFile(file).Says("cp " + file.string() + ".example " + file.string()));
  folder.Write("config.yaml", "");
  CHECK_FALSE(LoadFile(file).Says(".example"));
}

TEST_CASE("the manual's example loads as it stands") {
  const Folder folder;
  folder.Write("access-key", "k3y\n");
  const Loaded loaded = LoadFile(folder.Write("config.yaml", kManual, 0644), {{"UCAAS_ACCESS_ID", "acc-1"}});
  CAPTURE(loaded.text());
  REQUIRE(loaded.errors.empty());
  CHECK(loaded.warnings.empty());
  const Config& config = loaded.config;
  CHECK(config.state_dir == "/var/lib/ucaas-sync");
  CHECK(config.target.base_url.value == "https://api.enablex.io/ucaas/v1/");
  CHECK(config.target.basic->id.value == "acc-1");
  CHECK(config.target.basic->key.Reveal() == "k3y");
  REQUIRE(config.sources.size() == 2);
  CHECK(config.sources[0].format == Format::kCsv);
  CHECK(config.sources[1].format == Format::kLdif);
  CHECK(config.sources[1].filter.value == "(objectClass=inetOrgPerson)");
  REQUIRE(config.rules.size() == 3);
  CHECK(config.rules[0].kind == Kind::kUser);
  CHECK(config.rules[1].kind == Kind::kGroup);
  CHECK(config.rules[2].kind == Kind::kContact);
  CHECK(config.rules[0].join.at(0).first.value == "directory");
  CHECK(config.rules[0].join.at(0).second.value == "employee_id");
  CHECK(config.rules[0].fields.size() == 7);
  CHECK(config.rules[0].create_only.at(0).value == "user_type");
  CHECK(config.rules[2].groups.value == "{department}");
  CHECK(config.rules[2].fields.at(4).second.value == "true");
  CHECK(config.guards.protect.value == "(user_type=admin)");
  CHECK(config.guards.protect.at.line == 32);
  CHECK(config.guards.protect.at.column == 21);
  CHECK(config.listen.value == "127.0.0.1:9847");
}

TEST_CASE("what nobody writes has the manual's defaults") {
  const Config config = LoadText(kSound).config;
  CHECK(config.target.timeout == Duration(30'000));
  CHECK(config.target.connect_timeout == Duration(10'000));
  CHECK(config.target.concurrency == 8);
  CHECK(config.target.rate == 20.0);
  CHECK(config.target.page_length == 100);
  CHECK(config.target.retry.attempts == 6);
  CHECK(config.target.retry.first_delay == Duration(500));
  CHECK(config.target.retry.max_delay == Duration(60'000));
  CHECK(config.target.retry.give_up == Duration(600'000));
  CHECK(config.target.membership == Membership::kContact);
  const SourceConfig& source = config.sources.at(0);
  CHECK(source.required);
  CHECK(source.min_records == 1);
  CHECK(source.final_newline_required);
  CHECK(source.date_format.value == "%Y-%m-%d");
  CHECK(source.date_format.at.line == 0);
  CHECK_FALSE(source.delimiter);
  CHECK_FALSE(source.max_age);
  const RuleConfig& rule = config.rules.at(0);
  CHECK(rule.empty == EmptyPolicy::kKeep);
  CHECK(rule.existing == ExistingPolicy::kAdopt);
  CHECK(rule.absent == AbsentPolicy::kSuspend);
  CHECK(rule.absent_after == std::chrono::hours(24));
  CHECK_FALSE(rule.delete_after);
  CHECK_FALSE(rule.delete_adopted);
  CHECK(config.timezone == "local");
  CHECK(config.log.level == "info");
  CHECK_FALSE(config.log.format);
  CHECK(config.log.people == People::kFull);
  CHECK(config.pages.people == People::kKey);
  CHECK(config.journal.keep == std::chrono::hours(400 * 24));
  CHECK(config.schedule.every == std::chrono::minutes(5));
  CHECK(config.schedule.watch);
  CHECK(config.schedule.refresh == std::chrono::hours(24));
  CHECK(config.drift == Drift::kRepair);
  CHECK(config.listen.empty());
}

TEST_CASE("the guards are on by default, each with the manual's limits") {
  const GuardsConfig guards = LoadText(kSound).config.guards;
  const auto check = [](const GuardLimit& limit, std::optional<double> percent, std::optional<std::uint64_t> count,
                        std::optional<std::uint64_t> at_least, std::optional<double> week) {
    CHECK(limit.percent == percent);
    CHECK(limit.count == count);
    CHECK(limit.at_least == at_least);
    CHECK(limit.week == week);
  };
  const KindGuards& user = guards.kinds[Index(Kind::kUser)];
  check(user.create, 20.0, {}, 10, {});
  check(user.update, 30.0, {}, {}, {});
  check(user.suspend, 5.0, 500, {}, 10.0);
  check(user.remove, 5.0, 500, {}, 10.0);
  const KindGuards& contact = guards.kinds[Index(Kind::kContact)];
  check(contact.create, 20.0, {}, 10, {});
  check(contact.update, 30.0, {}, {}, {});
  check(contact.suspend, {}, {}, {}, {});
  check(contact.remove, 5.0, 500, {}, 10.0);
  const KindGuards& group = guards.kinds[Index(Kind::kGroup)];
  check(group.suspend, {}, {}, {}, {});
  check(group.remove, 20.0, 500, {}, 10.0);
  CHECK(guards.rewrite == 30.0);
  CHECK(guards.members_lost == 50.0);
  CHECK(guards.source_drop == 20.0);
  CHECK(guards.rejects == 5.0);
  CHECK(guards.fill_drop == 20.0);
  CHECK(guards.failures == 20.0);
}

TEST_CASE("a guard's percentage alone, or any of its parts, leaves the other parts as they were") {
  const Loaded loaded = LoadText(kSound + R"yaml(guards:
  user: { suspend: 8%, delete: { count: 20, week: 3.5% }, create: { at_least: 0 } }
  rewrite: 0.5%
)yaml");
  REQUIRE(loaded.text().empty());
  const KindGuards& user = loaded.config.guards.kinds[Index(Kind::kUser)];
  CHECK(user.suspend.percent == 8.0);
  CHECK(user.suspend.count == 500U);
  CHECK(user.remove.percent == 5.0);
  CHECK(user.remove.count == 20U);
  CHECK(user.remove.week == 3.5);
  CHECK_FALSE(user.remove.at_least);
  CHECK(user.create.percent == 20.0);
  CHECK(user.create.at_least == 0U);
  CHECK(loaded.config.guards.rewrite == 0.5);
}

TEST_CASE("contacts and groups that are absent are deleted, unless the rule says keep") {
  const Loaded loaded = LoadText(kSound + R"yaml(groups:
  - { from: hr, fields: { name: "{a}" } }
  - { from: hr, fields: { name: "{b}" }, absent: keep, members: "{member}", nested: true }
contacts: { from: hr, fields: { name: "{a}", email: "{b}" }, absent_after: 0s }
)yaml");
  REQUIRE(loaded.text().empty());
  const auto& rules = loaded.config.rules;
  REQUIRE(rules.size() == 4);
  CHECK(rules[1].absent == AbsentPolicy::kDelete);
  CHECK(rules[2].absent == AbsentPolicy::kKeep);
  CHECK(rules[2].nested);
  CHECK(rules[3].absent == AbsentPolicy::kDelete);
  CHECK(rules[3].absent_after == Duration(0));
}

TEST_CASE("relative paths are relative to the configuration's folder") {
  const Folder folder;
  const Loaded loaded = LoadFile(
      folder.Write("etc/c.yaml", "state_dir: ../state\n" + WithTarget("{ sandbox: ./box.db, ca_file: ca.pem }")));
  REQUIRE(loaded.text().empty());
  CHECK(loaded.config.file == folder.path() / "etc/c.yaml");
  CHECK(loaded.config.state_dir == folder.path() / "state");
  CHECK(loaded.config.target.sandbox.value == (folder.path() / "etc/box.db").string());
  CHECK(loaded.config.target.ca_file.value == (folder.path() / "etc/ca.pem").string());
  CHECK(loaded.config.sources.at(0).path.value == (folder.path() / "etc/people.csv").string());
}

TEST_CASE("the state's folder comes from the file, from systemd, or lies where the program runs") {
  CHECK(LoadText(kSound, {{"STATE_DIRECTORY", "/var/lib/a:/var/lib/b"}}).config.state_dir == "/var/lib/a");
  CHECK(LoadText("state_dir: /x\n" + kSound, {{"STATE_DIRECTORY", "/var/lib/a"}}).config.state_dir == "/x");
  CHECK(LoadText(kSound).config.state_dir == std::filesystem::current_path() / "ucaas-sync-state");
}

TEST_CASE("every key of a source is read") {
  const Loaded loaded = LoadText(R"yaml(target: { sandbox: box.db }
sources:
  hr:
    csv: "people-*.csv"
    pick: newest
    command: [gpg, --decrypt, "{file}"]
    key: id
    filter: "(active=Y)"
    delimiter: "\t"
    encoding: windows-1252
    split: { skills: ";" }
    date_format: "%d.%m.%Y"
    prefer: ["(primary=Y)", "newest start_date"]
    required: false
    max_age: 36h
    min_records: 50
    final_newline: optional
users:
  from: hr
  fields: { user_type: m, first_name: "{f}", last_name: "{l}", email: "{m}" }
)yaml");
  REQUIRE(loaded.text().empty());
  const SourceConfig& source = loaded.config.sources.at(0);
  CHECK(source.pick == Pick::kNewest);
  CHECK(source.command.size() == 3);
  CHECK(source.command.at(2).value == "{file}");
  CHECK(source.delimiter == '\t');
  CHECK(source.encoding.value == "windows-1252");
  CHECK(source.split.at(0).second.value == ";");
  CHECK(source.date_format.value == "%d.%m.%Y");
  CHECK(source.prefer.size() == 2);
  CHECK_FALSE(source.required);
  CHECK(source.max_age == std::chrono::hours(36));
  CHECK(source.min_records == 50);
  CHECK_FALSE(source.final_newline_required);
}

TEST_CASE("every key of the target is read") {
  const Loaded loaded = LoadText(WithTarget(
      "{ base_url: \"http://127.0.0.1:8080/v1\", basic: { id: a, key: k }, timeout: 5s, connect_timeout: 500ms, "
      "concurrency: 32, rate: 600/min, page_length: 50, proxy: \"http://proxy:3128\", membership: recreate, "
      "retry: { attempts: 3, first_delay: 1s, max_delay: 2s, give_up: 1m }, result_codes: { 1504: duplicate }, "
      "routes: { groups: contact-groups } }"));
  REQUIRE(loaded.text().empty());
  const TargetConfig& target = loaded.config.target;
  CHECK(target.base_url.value == "http://127.0.0.1:8080/v1/");
  CHECK(target.timeout == Duration(5000));
  CHECK(target.connect_timeout == Duration(500));
  CHECK(target.concurrency == 32);
  CHECK(target.rate == 10.0);
  CHECK(target.page_length == 50);
  CHECK(target.proxy.value == "http://proxy:3128");
  CHECK(target.membership == Membership::kRecreate);
  CHECK(target.retry.attempts == 3);
  CHECK(target.retry.give_up == Duration(60'000));
  CHECK(target.result_codes.at(0).first.value == "1504");
  CHECK(target.result_codes.at(0).second.value == "duplicate");
  CHECK(target.routes.at(0).second.value == "contact-groups");
}

TEST_CASE("every key of the service is read") {
  const Loaded loaded = LoadText(kSound + R"yaml(listen: unix:run/http.sock
drift: report
timezone: UTC
schedule: { every: 10m, watch: false, refresh: 12h, at: ["06:30", "Mon-Fri 07:00-20:00"] }
journal: { keep: 30d }
notify: { webhook: "https://hooks.example.com/x", command: [/usr/bin/logger, "{text}"] }
pages: { people: full }
log: { level: warning, format: json, people: hash }
)yaml");
  REQUIRE(loaded.text().empty());
  const Config& config = loaded.config;
  CHECK(config.listen.value.starts_with("unix:/"));
  CHECK(config.listen.value.ends_with("/run/http.sock"));
  CHECK(config.drift == Drift::kReport);
  CHECK(config.timezone == "UTC");
  CHECK(config.schedule.every == std::chrono::minutes(10));
  CHECK_FALSE(config.schedule.watch);
  CHECK(config.schedule.at.size() == 2);
  CHECK(config.journal.keep == std::chrono::hours(30 * 24));
  CHECK(config.notify.webhook.Reveal() == "https://hooks.example.com/x");
  CHECK(config.notify.command.size() == 2);
  CHECK(config.pages.people == People::kFull);
  CHECK(config.log.format == LogFormat::kJson);
  CHECK(config.log.people == People::kHash);
  CHECK(LoadText(kSound + "schedule: { at: always }\n").config.schedule.at.empty());
}

TEST_CASE("a source that no rule reads is a warning, not an error") {
  const std::string text = kSound.substr(0, kSound.find("users:")) + "  old: { csv: old.csv, key: id }\n" +
                           kSound.substr(kSound.find("users:"));
  const Loaded loaded = LoadText(text);
  CHECK(loaded.errors.empty());
  REQUIRE(loaded.warnings.size() == 1);
  CHECK(loaded.warnings[0] == "4:3: no rule reads the source \"old\"; name it in a rule's from or join, or remove it");
}

TEST_CASE("a table of 20,000 words is read without waiting") {
  std::string text = kSound + "tables:\n  big:\n";
  for (int i = 0; i < 20'000; ++i) text += "    word" + std::to_string(i) + ": x\n";
  const Loaded loaded = LoadText(text);
  REQUIRE(loaded.text().empty());
  CHECK(loaded.config.tables.at(0).entries.size() == 20'000);
}

}  // namespace ucaas_sync::config
