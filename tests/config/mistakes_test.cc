#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fixture.h"

namespace ucaas_sync::config {
namespace {

struct Mistake {
  const char* text;   ///< Line 7 and on, behind a sound configuration.
  const char* error;  ///< How its only error begins.
};

/// kSound with one line replaced.
std::string Line(std::size_t number, const std::string& with) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t line = 1; begin < kSound.size(); ++line) {
    const std::size_t end = kSound.find('\n', begin) + 1;
    out += line == number ? with + "\n" : kSound.substr(begin, end - begin);
    begin = end;
  }
  return out;
}

void CheckOnly(const std::string& text, const std::string& error) {
  CAPTURE(text);
  const Loaded loaded = LoadText(text);
  CAPTURE(loaded.text());
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors[0].substr(0, error.size()) == error);
}

}  // namespace

TEST_CASE("eight different mistakes are all reported at once, in order, each at its own place") {
  const Loaded loaded = LoadText(R"yaml(target:
  base_url: http://api.example.com/v1/
  timeout: 30 seconds
sources:
  hr: { csv: "people-*.csv", key: id }
users:
  from: hq
  fitler: "(a=b)"
  fields:
    user_type: moderator
    first_name: "{first}"
    last_name: "{last}"
    emial: "{mail}"
  absent_after: 1
guards: { user: { suspend: 5 } }
schedule: { watch: yes }
)yaml");
  const std::vector<std::string> wanted = {
      "1:1: target has no credentials; add basic: { id: …, key_file: … } or login: { api_id: …, email: …, "
      "password_file: … }",
      "2:13: target.base_url is plain http, which would send the credentials in clear; write https://, or allow_http: "
      "true beside it if the way there is trusted",
      "3:12: target.timeout: \"30 seconds\" is not a duration; write a whole number and a unit: 500ms, 90s, 5m, 24h or "
      "30d",
      "5:15: sources.hr.csv is a pattern, and nothing says which of its files count; add pick: newest or pick: all",
      "7:9: users.from: \"hq\" is no source; did you mean \"hr\"?",
      "8:3: unknown key \"fitler\" in users; did you mean \"filter\"?",
      "9:3: users.fields lacks \"email\", which every user must have; add email: \"{…}\"",
      "13:5: a user has no field \"emial\"; did you mean \"email\"?",
      "14:17: users.absent_after: \"1\" is not a duration; write a whole number and a unit: 500ms, 90s, 5m, 24h or 30d",
      "15:28: guards.user.suspend: \"5\" is not a percentage; write a percentage from 0% to 100%, with its sign: 5% or "
      "0.5%",
      "16:20: schedule.watch must be true or false, not \"yes\"; write true",
  };
  CHECK(loaded.errors == wanted);
}

TEST_CASE("an unknown key names the nearest one that is known there") {
  CheckOnly(kSound + "gaurds: { rewrite: 5% }\n", "7:1: unknown key \"gaurds\"; did you mean \"guards\"?");
  CheckOnly(kSound + "log: { zzzzzz: 1 }\n", "7:8: unknown key \"zzzzzz\" in log; known here: level, format or people");
  CheckOnly(Line(3, "  hr: { csv: people.csv, key: id, delimeter: \";\" }"),
            "3:35: unknown key \"delimeter\" in sources.hr; did you mean \"delimiter\"?");
}

TEST_CASE("what is missing is reported at the section that lacks it") {
  CheckOnly(kSound.substr(kSound.find('\n') + 1), "1:1: the file lacks \"target\"");
  CheckOnly(Line(1, "target: { rate: 5/s }"), "1:1: target has neither \"base_url\" nor \"sandbox\"");
  CheckOnly(Line(3, "  hr: { csv: people.csv }"), "3:3: sources.hr lacks \"key\"");
  CheckOnly(Line(3, "  hr: { key: id }"), "3:3: sources.hr lacks \"csv\"; add csv: PATH or ldif: PATH");
  CheckOnly(Line(5, "  filter: (a=b)"), "4:1: users lacks \"from\"");
  CheckOnly(Line(6, "  filter: (a=b)"), "4:1: users lacks \"fields\"");
  CheckOnly("target: { sandbox: b }\nsources: { hr: { csv: a, key: b } }\n",
            "1:1: the file has none of users, groups and contacts");
  CheckOnly(kSound + "groups:\n  - from: hr\n    fields: { name: x }\n  - from: hr\n",
            "10:5: groups[2] lacks \"fields\"");
}

TEST_CASE("a required field that no template maps is an error for each kind") {
  const Loaded users = LoadText(Line(6, "  fields: { department: x }"));
  CHECK(users.errors.size() == 4);
  CHECK(users.Says("6:3: users.fields lacks \"user_type\""));
  CHECK(users.Says("6:3: users.fields lacks \"first_name\""));
  CHECK(users.Says("6:3: users.fields lacks \"last_name\""));
  CHECK(users.Says("6:3: users.fields lacks \"email\""));
  CheckOnly(kSound + "groups: { from: hr, fields: { desc: x } }\n",
            "7:21: groups.fields lacks \"name\", which every group must have");
  CheckOnly(kSound + "contacts: { from: hr, fields: { name: x } }\n", "7:23: contacts.fields lacks \"email\"");
}

TEST_CASE("wrong types say what is wanted") {
  const Mistake mistakes[] = {
      {"log: info", "7:6: log must be a map of keys, not text"},
      {"log: [info]", "7:6: log must be a map of keys, not a list"},
      {"log:", "7:1: log has no value"},
      {"listen:", "7:1: listen has no value; give it one or remove the line; a value that begins with # needs quotes"},
      {"listen: [a]", "7:9: listen must be text, not a list"},
      {"listen: \"\"", "7:10: listen is empty"},
      {"notify: { command: logger -t x }", "7:20: notify.command must be a list of texts, not text"},
      {"notify: { command: [] }", "7:20: notify.command is an empty list"},
      {"notify: { command: [a, [b]] }", "7:24: each item of notify.command must be text, not a list"},
      {"tables: { t: [a] }", "7:14: tables.t must be a map of keys, not a list"},
      {"tables: { t: { a: } }", "7:16: tables.t.a has no value"},
      {"tables: { t: { a: [b] } }", "7:19: tables.t.a must be text, not a list"},
      {"groups: name", "7:9: groups must be a rule (a map of keys) or a list of rules, not text"},
      {"groups: []", "7:1: groups is an empty list"},
      {"guards: 5%", "7:9: guards must be a map of keys, not text"},
      {"? [a, b]\n: c", "7:3: a key must be a plain word, not a list"},
  };
  for (const Mistake& mistake : mistakes) CheckOnly(kSound + mistake.text + "\n", mistake.error);
}

TEST_CASE("values out of range or of another word say what is accepted") {
  const Mistake mistakes[] = {
      {"drift: fix", "7:8: drift: \"fix\" is not known here; write repair or report"},
      {"log: { level: loud }", "7:15: log.level: \"loud\" is not known here; write debug, info, warning or error"},
      {"log: { people: all }", "7:16: log.people: \"all\" is not known here; write full, key or hash"},
      {"timezone: Europe/Atlantis", "7:11: timezone: \"Europe/Atlantis\" is not known on this machine"},
      {"listen: 9847", "7:9: listen: \"9847\" is no address to listen on"},
      {"listen: 127.0.0.1:99999", "7:9: listen: \"127.0.0.1:99999\" is no address"},
      {"schedule: { every: 0s }", "7:20: schedule.every: \"0s\" is too short; write at least"},
      {"schedule: { at: \"6:30\" }", "7:18: schedule.at: \"6:30\" is no time of day"},
      {"schedule: { at: [\"25:00\"] }", "7:19: schedule.at: \"25:00\" is no time of day"},
      {"journal: { keep: 400 }", "7:18: journal.keep: \"400\" is not a duration"},
      {"notify: { webhook: \"http://example.com/x\" }", "7:21: notify.webhook is not an https address"},
      {"guards: { rewrite: 130% }", "7:20: guards.rewrite: \"130%\" is not a percentage"},
      {"guards: { user: { create: { week: 5% } } }", "7:29: guards.user.create.week: only suspends and deletes"},
      {"guards: { user: { delete: { count: many } } }",
       "7:36: guards.user.delete.count: \"many\" is not a whole number"},
      {"guards: { contact: { suspend: 5% } }", "7:22: guards.contact.suspend: only users are ever suspended"},
      {"guards: { group: { suspend: 5% } }", "7:20: guards.group.suspend: only users are ever suspended"},
  };
  for (const Mistake& mistake : mistakes) CheckOnly(kSound + mistake.text + "\n", mistake.error);
}

TEST_CASE("mistakes in a source are told with what to write") {
  const Mistake mistakes[] = {
      {"{ csv: a, ldif: b, key: id }", "3:17: sources.hr has both \"csv\" and \"ldif\""},
      {"{ ldap: \"ldaps://x\", key: id }", "3:9: sources.hr.ldap: live LDAP is not part of this version"},
      {"{ csv: \"https://x/a.csv\", key: id }", "3:15: sources.hr.csv is a URL; this version reads files only"},
      {"{ csv: a.csv, pick: newest, key: id }", "3:21: sources.hr.pick goes with a pattern"},
      {"{ csv: \"a*\", pick: oldest, key: id }",
       "3:26: sources.hr.pick: \"oldest\" is not known here; write newest or all"},
      {"{ csv: a, key: id, delimiter: \";;\" }", "3:38: sources.hr.delimiter: \";;\" cannot separate fields"},
      {"{ csv: a, key: id, delimiter: \"x\" }", "3:38: sources.hr.delimiter: \"x\" cannot separate fields"},
      {"{ ldif: a, key: id, delimiter: \";\" }", "3:27: sources.hr.delimiter is for csv only"},
      {"{ csv: a, key: id, encoding: latin1//TRANSLIT }",
       "3:36: sources.hr.encoding: \"latin1//TRANSLIT\" names no encoding"},
      {"{ csv: a, key: id, date_format: \"%d.%b.%Y\" }", "3:43: sources.hr.date_format: \"%b\" is not known"},
      {"{ csv: a, key: id, date_format: \"%d.%m\" }", "3:40: sources.hr.date_format does not name a day"},
      {"{ csv: a, key: id, date_format: \"%Y%m%d%\" }", "3:46: sources.hr.date_format: \"%\" is not known"},
      {"{ csv: a, key: id, prefer: [\"latest x\"] }", "3:36: sources.hr.prefer: \"latest x\" is no preference"},
      {"{ csv: a, key: id, split: { a: \"\" } }", "3:39: sources.hr.split.a is empty"},
      {"{ csv: a, key: id, required: no }", "3:36: sources.hr.required must be true or false, not \"no\"; write false"},
      {"{ csv: a, key: id, max_age: 0s }", "3:35: sources.hr.max_age: \"0s\" is too short"},
      {"{ csv: a, key: id, min_records: 0 }", "3:39: sources.hr.min_records: 0 is out of range; write at least 1"},
      {"{ csv: a, key: id, final_newline: false }",
       "3:41: sources.hr.final_newline: \"false\" is not known here; write required or optional"},
      {"{ csv: a, key: id, max_age: 1d, command: [gpg, -d, x] }",
       "3:26: sources.hr.max_age has no file to look at, for \"command\" names none; write \"{file}\" where the "
       "command "
       "names its file, as in [gpg, --decrypt, \"{file}\"]"},
      {"{ csv: \"a*\", pick: all, key: id, command: [gpg, -d, x] }",
       "3:20: sources.hr.pick has no file to look at, for \"command\" names none"},
      {"{ ldif: a, key: id, split: { teams: \",\" } }",
       "3:27: sources.hr.split is for csv only; LDIF repeats an attribute that has several values; where one value "
       "holds "
       "several, split it in the template: {teams|split:\",\"}"},
      {"{ csv: a, key: id, command: \"gpg -d\" }", "3:36: sources.hr.command must be a list of texts, not text"},
  };
  for (const Mistake& mistake : mistakes) CheckOnly(Line(3, std::string("  hr: ") + mistake.text), mistake.error);
  CheckOnly(Line(3, "  hr: { csv: a, key: id }\n  \"h r\": { csv: a, key: id }"), "4:4: \"h r\" cannot name a source");
}

TEST_CASE("mistakes in a rule are told with what to write") {
  const Mistake mistakes[] = {
      {"  join: { ad: id }", "5:11: users.join: \"ad\" is no source; did you mean \"hr\"?"},
      {"  join: { hr: id }", "5:11: users.join: \"hr\" is the rule's own source"},
      {"  create_only: [user_typ]",
       "5:17: users.create_only: \"user_typ\" is not among the rule's fields; did you mean \"user_type\"?"},
      {"  create_only: [department]", "5:17: users.create_only: \"department\" is not among the rule's fields"},
      {"  groups: \"{dept}\"", "5:3: \"groups\" goes with contacts only"},
      {"  members: \"{member}\"", "5:3: \"members\" goes with groups only"},
      {"  nested: true", "5:3: \"nested\" goes with groups only"},
      {"  empty: drop", "5:10: users.empty: \"drop\" is not known here; write keep or clear"},
      {"  existing: skip", "5:13: users.existing: \"skip\" is not known here; write adopt or quarantine"},
      {"  absent: remove", "5:11: users.absent: \"remove\" is not known here; write suspend, delete or keep"},
      {"  delete_after: 30", "5:17: users.delete_after: \"30\" is not a duration"},
      {"  filter: \"\"", "5:12: users.filter is empty"},
  };
  for (const Mistake& mistake : mistakes) {
    std::string text = Line(5, std::string(mistake.text) + "\n  from: hr");
    // A partner that is no source is nearest to the only one there is.
    CAPTURE(mistake.text);
    const Loaded loaded = LoadText(text);
    CAPTURE(loaded.text());
    REQUIRE(loaded.errors.size() == 1);
    const std::string wanted = mistake.error;
    const std::string shown = wanted.substr(0, wanted.find("; did you mean \"hr\""));
    CHECK(loaded.errors[0].substr(0, shown.size()) == shown);
  }
  CheckOnly(kSound + "contacts: { from: hr, fields: { name: x, email: y }, absent: suspend }\n",
            "7:62: contacts.absent: only users can be suspended; write delete or keep");
  CheckOnly(kSound + "groups: { from: hr, fields: { name: x }, nested: true }\n",
            "7:42: groups.nested needs \"members\"");
  CheckOnly(kSound + "groups: { from: hr, fields: { name: x }, groups: y }\n",
            "7:42: \"groups\" goes with contacts only");
  CHECK(LoadText(Line(5, "  from: hr\n  delete_after: never")).text().empty());
}

TEST_CASE("a setting without effect is a warning") {
  const Loaded loaded = LoadText(kSound + "contacts: { from: hr, fields: { name: x, email: y }, delete_after: 30d }\n");
  CHECK(loaded.errors.empty());
  REQUIRE(loaded.warnings.size() == 1);
  CHECK(loaded.warnings[0].starts_with("7:68: contacts.delete_after has no effect"));
}

TEST_CASE("mistakes in the target are told with what to write") {
  const std::string basic = "basic: { id: a, key: k }";
  const Mistake mistakes[] = {
      {"{ base_url: \"https://x/\", sandbox: b, BASIC }", "1:35: target has both \"base_url\" and \"sandbox\""},
      {"{ base_url: \"https://x/\" }", "1:1: target has no credentials"},
      {"{ base_url: \"https://x/\", login: { api_id: a, email: b, password: c }, BASIC }",
       "1:80: target has both \"basic\" and \"login\""},
      {"{ base_url: \"http://example.com/\", BASIC }", "1:22: target.base_url is plain http"},
      {"{ base_url: \"http://127.example.com/\", BASIC }", "1:22: target.base_url is plain http"},
      {"{ base_url: example.com, BASIC }", "1:21: target.base_url is not a web address; write it whole"},
      {"{ base_url: \"ftp://example.com/\", BASIC }", "1:22: target.base_url is not a web address"},
      {"{ base_url: \"https://u:p@example.com/\", BASIC }", "1:22: target.base_url has a user name or password in it"},
      {"{ base_url: \"https://example.com/?a=b\", BASIC }", "1:22: target.base_url has a \"?\" or \"#\" in it"},
      {"{ sandbox: b, rate: 20 }", "1:29: target.rate: \"20\" is not a rate above 0; write requests a time: 20/s"},
      {"{ sandbox: b, rate: 0/s }", "1:29: target.rate: \"0/s\" is not a rate above 0"},
      {"{ sandbox: b, concurrency: 0 }", "1:36: target.concurrency: 0 is out of range; write a number from 1 to 256"},
      {"{ sandbox: b, membership: both }",
       "1:35: target.membership: \"both\" is not known here; write contact, group, recreate or off"},
      {"{ sandbox: b, retry: { max_delay: 100ms } }",
       "1:32: target.retry.max_delay (100 ms) is shorter than first_delay (500 ms)"},
      {"{ sandbox: b, proxy: proxy }", "1:30: target.proxy is not a proxy's address"},
  };
  for (const Mistake& mistake : mistakes) {
    std::string text = mistake.text;
    if (const std::size_t at = text.find("BASIC"); at != std::string::npos) text.replace(at, 5, basic);
    CheckOnly(Line(1, "target: " + text), mistake.error);
  }
  CHECK(LoadText(Line(1, "target: { base_url: \"http://example.com/\", allow_http: true, " + basic + " }"))
            .text()
            .empty());
  CHECK(LoadText(Line(1, "target: { base_url: \"http://[::1]:8080/\", " + basic + " }")).text().empty());
}

TEST_CASE("a hostile value cannot break the line of a message") {
  const Loaded loaded = LoadText(kSound + "drift: \"a\\nb\\e[31m\"\n");
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors[0].find('\n') == std::string::npos);
  CHECK(loaded.errors[0].find('\x1b') == std::string::npos);
}

}  // namespace ucaas_sync::config
