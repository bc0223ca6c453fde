#include <doctest/doctest.h>

#include <string>

#include "fixture.h"

namespace ucaas_sync::config {
namespace {

std::string Times(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

/// The only error of `text`.
std::string OnlyError(const std::string& text, Variables variables = {}) {
  const Loaded loaded = LoadText(text, std::move(variables));
  CAPTURE(loaded.text());
  CHECK(loaded.errors.size() == 1);
  return loaded.errors.empty() ? "" : loaded.errors.front();
}

}  // namespace

TEST_CASE("a sound file has no error and no warning") {
  const Loaded loaded = LoadText(kSound);
  CHECK(loaded.text().empty());
  CHECK(loaded.warnings.empty());
}

TEST_CASE("a key given twice is an error that names the first, at every level") {
  CHECK(OnlyError(kSound + "target: { sandbox: other.db }\n") ==
        "7:1: the key \"target\" is given twice; the first is in line 1; keep one of the two");
  CHECK(OnlyError(kSound + "log: { level: info, people: key, level: debug }\n") ==
        "7:34: the key \"level\" is given twice; the first is in line 7; keep one of the two");
  CHECK(OnlyError(kSound + "tables: { t: { a: 1, \"a\": 2 } }\n").starts_with("7:23: the key \"a\" is given twice"));
}

TEST_CASE("two sources of one name are an error") {
  const std::string text = R"yaml(target: { sandbox: box.db }
sources:
  hr: { csv: a.csv, key: id }
  hr: { csv: b.csv, key: id }
users:
  from: hr
  fields: { user_type: m, first_name: "{f}", last_name: "{l}", email: "{m}" }
)yaml";
  CHECK(OnlyError(text) == "4:3: the key \"hr\" is given twice; the first is in line 3; keep one of the two");
}

TEST_CASE("numbers are never octal or hexadecimal") {
  CHECK(OnlyError("target: { sandbox: box.db, concurrency: 0123 }\n" + kSound.substr(kSound.find('\n') + 1))
            .starts_with("1:41: target.concurrency: \"0123\" is not a whole number"));
  CHECK(OnlyError("target: { sandbox: box.db, concurrency: 0x1F }\n" + kSound.substr(kSound.find('\n') + 1))
            .starts_with("1:41: target.concurrency: \"0x1F\" is not a whole number"));
}

TEST_CASE("only true and false are booleans, and yes is told so") {
  CHECK(OnlyError(kSound + "schedule: { watch: yes }\n") ==
        "7:20: schedule.watch must be true or false, not \"yes\"; write true");
  CHECK(OnlyError(kSound + "schedule: { watch: NO }\n") ==
        "7:20: schedule.watch must be true or false, not \"NO\"; write false");
  CHECK(OnlyError(kSound + "schedule: { watch: maybe }\n") ==
        "7:20: schedule.watch must be true or false, not \"maybe\"");
  CHECK(LoadText(kSound + "schedule: { watch: false }\n").config.schedule.watch == false);
}

TEST_CASE("a text that YAML would take for a boolean, number or date stays as it was written") {
  const Loaded loaded = LoadText(kSound + "tables: { t: { no: 0123, 1.10: yes, 2026-01-01: 1e3 } }\n");
  REQUIRE(loaded.errors.empty());
  const auto& entries = loaded.config.tables.at(0).entries;
  CHECK(entries[0].first.value == "no");
  CHECK(entries[0].second.value == "0123");
  CHECK(entries[1].first.value == "1.10");
  CHECK(entries[1].second.value == "yes");
  CHECK(entries[2].second.value == "1e3");
}

TEST_CASE("10,000 levels of nesting are one clear error, whatever they are made of") {
  for (const char* level : {"[", "{a: ", "- ", "? "}) {
    CAPTURE(level);
    const std::string error = OnlyError("users: \n  " + Times(level, 10'000) + "\n");
    CHECK(error.starts_with("2:"));
    CHECK(error.find("nested deeper than 32 levels") != std::string::npos);
  }
  std::string staircase;
  for (int i = 0; i < 1200; ++i) staircase += Times(" ", i) + "a:\n";
  CHECK(OnlyError(staircase).find("nested deeper than 32 levels") != std::string::npos);
}

TEST_CASE("a bracket that is never closed is reported where it opens") {
  CHECK(OnlyError("target: { sandbox: box.db }\nsources:\n  hr: { csv: a.csv, prefer: [\"(a=b)\"\n") ==
        "3:29: this bracket or brace is never closed; close it, or put the text in quotes if it is part of one");
  CHECK(OnlyError("target: { sandbox: box.db\nsources:\n  hr: x\n").starts_with("1:9: "));
}

TEST_CASE("a quote that is never closed is reported where it opens, not taken to the end of the file") {
  CHECK(OnlyError("target: { sandbox: \"box.db }\n").starts_with("1:20: this quote is never closed; close it"));
  CHECK(OnlyError("users:\n  from: \"hr\n  key: x\n").starts_with("2:9: this quote is never closed"));
  CHECK(OnlyError("users:\n  from: 'it''s\n").starts_with("2:9: this quote is never closed"));
  CHECK(OnlyError("users:\n  from: \"a\\\"\n").starts_with("2:9: this quote is never closed"));
  CHECK(LoadText(kSound + "tables: { t: { a: \"\\\"\", b: '''', c: \"\\\\\" } }\n").text().empty());
}

TEST_CASE("an unquoted template in the middle of a line is told to be quoted") {
  const std::string error = OnlyError("users:\n  key: {a} {b}\n");
  CHECK(error.starts_with("2:12: "));
  CHECK(error.find("a text which begins with { or [ is in quotes") != std::string::npos);
}

TEST_CASE("a byte-order mark is no part of the first key") {
  const Loaded loaded = LoadText("\xEF\xBB\xBF" + kSound + "x: 1\n");
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors[0].starts_with("7:1: unknown key \"x\""));
  CHECK(LoadText("\xEF\xBB\xBF"
                 "nope: 1\n")
            .errors.at(0)
            .starts_with("1:1: "));
}

TEST_CASE("Windows line ends change nothing") {
  std::string text;
  for (const char c : kSound + "log: { levl: info }\n") text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(OnlyError(text) == "7:8: unknown key \"levl\" in log; did you mean \"level\"?");
}

TEST_CASE("UTF-16 and bytes that are not UTF-8 are named as such") {
  CHECK(OnlyError(std::string("\xFF\xFEu\0", 4)) == "1:1: the file is UTF-16; save it as UTF-8");
  CHECK(OnlyError("# fine\nstate_dir: M\xFCller\n") == "2:13: the file is not UTF-8 here; save it as UTF-8");
}

TEST_CASE("a NUL byte refuses the file with its line") {
  CHECK(OnlyError(kSound + std::string("x\0y: 1\n", 7)).starts_with("7:2: a NUL byte"));
}

TEST_CASE("a control character that a parser would take for the end of the file is an error") {
  CHECK(OnlyError(kSound + "log: { level: in\x04"
                           "fo }\n")
            .starts_with("7:17: a control character"));
}

TEST_CASE("a tab in the indentation is an error, one in a comment or a value is none") {
  CHECK(OnlyError("target:\n\tsandbox: box.db\n") == "2:1: a tab in the indentation; indent with spaces only");
  CHECK(LoadText(kSound + "\t# a comment\n\t\nlog: { level:\tinfo }\t# another\n").text().empty());
}

TEST_CASE("an empty file, a comment alone and a null say what is needed") {
  for (const char* text : {"", "\n\n", "# nothing yet\n", "---\n", "null\n", "~\n"}) {
    CAPTURE(text);
    CHECK(OnlyError(text).starts_with("1:1: the file is empty; it needs target"));
  }
}

TEST_CASE("a file that is a list or a word is told to be keys") {
  CHECK(OnlyError("- target\n- sources\n").starts_with("1:1: the file must be a map of keys, not a list"));
  CHECK(OnlyError("target\n").starts_with("1:1: the file must be a map of keys, not text"));
}

TEST_CASE("aliases, anchors, merge keys and tags are refused, each at its place") {
  const Loaded loaded = LoadText(kSound +
                                 "tables: &t { a: { x: y } }\nlog: *t\njournal: { <<: { keep: 1d } }\n"
                                 "listen: !!str 127.0.0.1:1\n");
  CAPTURE(loaded.text());
  REQUIRE(loaded.errors.size() == 4);
  CHECK(loaded.errors[0].starts_with("7:9: anchors (&name) are not supported"));
  CHECK(loaded.errors[1].starts_with("8:6: aliases (*name) are not supported"));
  CHECK(loaded.errors[2].starts_with("9:12: merge keys (<<) are not supported"));
  CHECK(loaded.errors[3].starts_with("10:9: type tags (!name) are not supported"));
}

TEST_CASE("aliases that would multiply to billions cost nothing") {
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before + "]\n";
  }
  CHECK(LoadText(bomb).Says("aliases (*name) are not supported"));
}

TEST_CASE("a second document is refused where it begins") {
  CHECK(OnlyError(kSound + "---\ntarget: { sandbox: other.db }\n").starts_with("7:1: a second YAML document"));
}

TEST_CASE("a file larger than 1 MiB is refused unread, one of just that size is read") {
  CHECK(OnlyError(kSound + "#" + std::string(1024 * 1024, 'x') + "\n") ==
        "the configuration is larger than 1024 KiB; name another with -c FILE or $UCAAS_SYNC_CONFIG");
  const std::string padding(1024 * 1024 - kSound.size() - 2, 'x');
  CHECK(LoadText(kSound + "#" + padding + "\n").text().empty());
}

TEST_CASE("a file that is not there, or is a folder, is said so with what to do") {
  const Folder folder;
  CHECK(LoadFile(folder.path() / "none.yaml").errors.at(0).find("the configuration cannot be opened: No such file") !=
        std::string::npos);
  CHECK(LoadFile(folder.path()).errors.at(0).find("the configuration is a folder, not a file") != std::string::npos);
}

TEST_CASE("a template without quotes is told to be quoted") {
  const std::string error = OnlyError(kSound + "groups: { from: hr, fields: { name: {department} } }\n");
  CHECK(error.starts_with("7:37: groups.fields.name must be text, not a map of keys; put it in quotes"));
}

TEST_CASE("a colon without its space is told so, and what stands behind it is not repeated") {
  const std::string text =
      "target: { base_url: \"https://x/\", basic: { id: a, key:hunter2 } }\n" + kSound.substr(kSound.find('\n') + 1);
  const Loaded loaded = LoadText(text);
  CHECK(loaded.Says("1:51: unknown key \"key\" in target.basic; a space is needed after the colon"));
  CHECK_FALSE(loaded.Says("hunter2"));
}

TEST_CASE("environment variables stand in any value, and $${ is the two characters") {
  const Loaded loaded = LoadText(kSound + "tables: { t: { a: \"${X}-$${X}-${Y}\" } }\nlog: { level: \"${LEVEL}\" }\n",
                                 {{"X", "${Y}"}, {"Y", ""}, {"LEVEL", "debug"}});
  REQUIRE(loaded.text().empty());
  const Text& text = loaded.config.tables.at(0).entries.at(0).second;
  CHECK(text.value == "${Y}-${X}-");
  CHECK_FALSE(text.columns_known);
  CHECK(loaded.config.log.level == "debug");
}

TEST_CASE("a variable that is not set, or a name that is none, is an error at its own column") {
  CHECK(OnlyError(kSound + "timezone: \"x${TZ_NAME}\"\n") ==
        "7:13: the environment variable TZ_NAME is not set; set it for this program (systemd: Environment= or "
        "EnvironmentFile=), or write the value here");
  CHECK(OnlyError(kSound + "timezone: \"${TZ\"\n").starts_with("7:12: \"${\" without the name"));
  CHECK(OnlyError(kSound + "timezone: \"${}\"\n").starts_with("7:12: \"${\" without the name"));
  CHECK(OnlyError(kSound + "timezone: \"${A-B}\"\n").starts_with("7:12: \"${\" without the name"));
  const Loaded loaded = LoadText(kSound + "timezone: \"${A}${B}\"\n");
  CHECK(loaded.errors.size() == 2);
}

TEST_CASE("columns are known for plain and quoted values, not for escapes and folded ones") {
  const Loaded loaded = LoadText(kSound + R"yaml(tables:
  t:
    plain: (a=b)
    single: '(a=b)'
    double: "(ä=b)"
    escape: "(a=\x62)"
    doubled: 'it''s'
    folded: one
      two
    block: |
      (a=b)
)yaml");
  REQUIRE(loaded.text().empty());
  const auto& entries = loaded.config.tables.at(0).entries;
  REQUIRE(entries.size() == 7);
  CHECK(entries[0].second.columns_known);
  CHECK(entries[0].second.at.column == 12);
  CHECK(entries[1].second.columns_known);
  CHECK(entries[1].second.at.column == 14);
  CHECK(entries[2].second.columns_known);
  CHECK(entries[2].second.At(3).column == 16);
  CHECK(entries[2].second.value == "(ä=b)");
  for (std::size_t i = 3; i < 7; ++i) {
    CAPTURE(entries[i].first.value);
    CHECK_FALSE(entries[i].second.columns_known);
  }
  CHECK(entries[3].second.value == "(a=b)");
  CHECK(entries[4].second.value == "it's");
  CHECK(entries[5].second.value == "one two");
}

}  // namespace ucaas_sync::config
