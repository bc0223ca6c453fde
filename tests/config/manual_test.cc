// ucaas-sync.yaml(5) against the loader: what is known is asked of it, one odd key a section.
#include <doctest/doctest.h>
#include <re2/re2.h>

#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "fixture.h"

namespace ucaas_sync::config {
namespace {

// A sound configuration with one more line in one of its sections.
struct Extra {
  std::string target{};
  std::string source{};
  std::string rule{};
  std::string group_rule{};
  std::string top{};
};

std::string Sound(const Extra& extra) {
  const auto more = [](const std::string& text) { return text.empty() ? "" : ", " + text; };
  std::string text = "target: { sandbox: box.db" + more(extra.target) + " }\n";
  text += "sources: { hr: { csv: people.csv, key: id" + more(extra.source) + " } }\n";
  text +=
      "users: { from: hr, fields: { user_type: moderator, first_name: \"{a}\", last_name: \"{b}\", email: \"{c}\" }" +
      more(extra.rule) + " }\n";
  if (!extra.group_rule.empty()) {
    text += "groups: { from: hr, fields: { name: \"{d}\" }, members: \"{e}\", " + extra.group_rule + " }\n";
  }
  return text + extra.top + '\n';
}

constexpr const char* kOdd = "zzzzzzzzzzzzzzzz: 1";

/// The keys that the section knows, as its complaint about an odd one lists them.
std::set<std::string> KnownBeside(const Extra& extra) {
  const Loaded loaded = LoadText(Sound(extra));
  const RE2 list("unknown key \"zz[^;]*; known here: (.*)");
  std::set<std::string> known;
  for (const std::string& error : loaded.errors) {
    std::string names;
    if (!RE2::PartialMatch(error, list, &names)) continue;
    RE2::GlobalReplace(&names, " or |, ", " ");
    std::istringstream words(names);
    for (std::string word; words >> word;) known.insert(word);
  }
  CAPTURE(loaded.text());
  REQUIRE_FALSE(known.empty());
  return known;
}

struct SectionOf {
  const char* prefix;
  Extra extra;
};

std::vector<SectionOf> Sections() {
  const std::string odd = kOdd;
  const std::string inner = "{ " + odd + " }";
  return {{"", {.top = odd}},
          {"target.", {.target = odd}},
          {"target.retry.", {.target = "retry: " + inner}},
          {"target.basic.", {.target = "basic: " + inner}},
          {"target.login.", {.target = "login: " + inner}},
          {"sources.NAME.", {.source = odd}},
          {"rule.", {.rule = odd}},
          {"guards.", {.top = "guards: " + inner}},
          {"guards.user.", {.top = "guards: { user: " + inner + " }"}},
          {"guards.contact.", {.top = "guards: { contact: " + inner + " }"}},
          {"guards.group.", {.top = "guards: { group: " + inner + " }"}},
          {"part.", {.top = "guards: { user: { create: " + inner + " } }"}},
          {"schedule.", {.top = "schedule: " + inner}},
          {"log.", {.top = "log: " + inner}},
          {"journal.", {.top = "journal: " + inner}},
          {"notify.", {.top = "notify: " + inner}},
          {"pages.", {.top = "pages: " + inner}}};
}

/// Name and what stands in the brackets behind it.
using Manual = std::map<std::string, std::string>;

Manual ReadManual() {
  std::ifstream file(UCAAS_SYNC_MANUAL);
  REQUIRE(file.good());
  Manual manual;
  std::string heading;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) heading = line.substr(2);
    if (heading == "TEMPLATES") break;
    line.erase(0, line.find_first_not_of('\t'));
    std::string names;
    std::string bracket;
    if (!RE2::FullMatch(line, R"((\*[a-zA-Z_.]+\*(?:, \*[a-zA-Z_.]+\*)*) \((.*)\))", &names, &bracket)) continue;
    re2::StringPiece rest(names);
    for (std::string key; RE2::FindAndConsume(&rest, "([a-zA-Z_.]+)", &key);) {
      const bool is_rule = heading == "RULES";
      const bool is_part = heading == "GUARDS" && key.find('.') == std::string::npos;
      const std::string name = (is_rule ? "rule." : is_part ? "part." : "") + key;
      CAPTURE(name);
      CHECK(manual.emplace(name, bracket).second);
    }
  }
  return manual;
}

/// The default as it could stand in the file; nothing when there is none.
std::string DefaultOf(const std::string& bracket) {
  std::string marked;
  RE2::FullMatch(bracket, R"((?:contacts; |groups; )?default: \*([^*]+)\*.*)", &marked);
  return marked;
}

struct Default {
  const char* name;
  std::function<Extra(const std::string& line)> place;  ///< Where `KEY: VALUE` goes.
  std::function<std::string(const Config& config)> value;
};

template <typename T>
std::string Show(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<int>(value));
  } else if constexpr (std::is_same_v<T, Duration>) {
    return std::to_string(value.count());
  } else if constexpr (std::is_same_v<T, Text>) {
    return value.value;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else {
    return std::to_string(value);
  }
}

template <typename T>
std::string Show(const std::optional<T>& value) {
  return value ? Show(*value) : "none";
}

Extra InTarget(const std::string& line) {
  return {.target = line};
}
Extra InRetry(const std::string& line) {
  return {.target = "retry: { " + line + " }"};
}
Extra InSource(const std::string& line) {
  return {.source = line};
}
Extra InRule(const std::string& line) {
  return {.rule = line};
}
Extra InGroups(const std::string& line) {
  return {.group_rule = line};
}
Extra OnTop(const std::string& line) {
  return {.top = line};
}
std::function<Extra(const std::string&)> Below(const std::string& section) {
  return [section](const std::string& line) { return Extra{.top = section + ": { " + line + " }"}; };
}

std::vector<Default> Defaults() {
  const auto below_guards = [](const std::string& kind) {
    return [kind](const std::string& line) { return Extra{.top = "guards: { " + kind + ": { " + line + " } }"}; };
  };
  std::vector<Default> all{
      {"target.allow_http", InTarget, [](const Config& c) { return Show(c.target.allow_http); }},
      {"target.timeout", InTarget, [](const Config& c) { return Show(c.target.timeout); }},
      {"target.connect_timeout", InTarget, [](const Config& c) { return Show(c.target.connect_timeout); }},
      {"target.concurrency", InTarget, [](const Config& c) { return Show(c.target.concurrency); }},
      {"target.rate", InTarget, [](const Config& c) { return Show(c.target.rate); }},
      {"target.page_length", InTarget, [](const Config& c) { return Show(c.target.page_length); }},
      {"target.membership", InTarget, [](const Config& c) { return Show(c.target.membership); }},
      {"target.retry.attempts", InRetry, [](const Config& c) { return Show(c.target.retry.attempts); }},
      {"target.retry.first_delay", InRetry, [](const Config& c) { return Show(c.target.retry.first_delay); }},
      {"target.retry.max_delay", InRetry, [](const Config& c) { return Show(c.target.retry.max_delay); }},
      {"target.retry.give_up", InRetry, [](const Config& c) { return Show(c.target.retry.give_up); }},
      {"sources.NAME.date_format", InSource, [](const Config& c) { return Show(c.sources.at(0).date_format); }},
      {"sources.NAME.required", InSource, [](const Config& c) { return Show(c.sources.at(0).required); }},
      {"sources.NAME.min_records", InSource, [](const Config& c) { return Show(c.sources.at(0).min_records); }},
      {"sources.NAME.final_newline", InSource,
       [](const Config& c) { return Show(c.sources.at(0).final_newline_required); }},
      {"rule.empty", InRule, [](const Config& c) { return Show(c.rules.at(0).empty); }},
      {"rule.existing", InRule, [](const Config& c) { return Show(c.rules.at(0).existing); }},
      {"rule.absent", InRule, [](const Config& c) { return Show(c.rules.at(0).absent); }},
      {"rule.absent_after", InRule, [](const Config& c) { return Show(c.rules.at(0).absent_after); }},
      {"rule.delete_after", InRule, [](const Config& c) { return Show(c.rules.at(0).delete_after); }},
      {"rule.delete_adopted", InRule, [](const Config& c) { return Show(c.rules.at(0).delete_adopted); }},
      {"rule.nested", InGroups,
       [](const Config& c) { return c.rules.size() < 2 ? Show(false) : Show(c.rules.at(1).nested); }},
      {"guards.rewrite", Below("guards"), [](const Config& c) { return Show(c.guards.rewrite); }},
      {"guards.members_lost", Below("guards"), [](const Config& c) { return Show(c.guards.members_lost); }},
      {"guards.source_drop", Below("guards"), [](const Config& c) { return Show(c.guards.source_drop); }},
      {"guards.rejects", Below("guards"), [](const Config& c) { return Show(c.guards.rejects); }},
      {"guards.fill_drop", Below("guards"), [](const Config& c) { return Show(c.guards.fill_drop); }},
      {"guards.failures", Below("guards"), [](const Config& c) { return Show(c.guards.failures); }},
      {"drift", OnTop, [](const Config& c) { return Show(c.drift); }},
      {"timezone", OnTop, [](const Config& c) { return Show(c.timezone); }},
      {"schedule.every", Below("schedule"), [](const Config& c) { return Show(c.schedule.every); }},
      {"schedule.watch", Below("schedule"), [](const Config& c) { return Show(c.schedule.watch); }},
      {"schedule.refresh", Below("schedule"), [](const Config& c) { return Show(c.schedule.refresh); }},
      {"schedule.at", Below("schedule"), [](const Config& c) { return Show(c.schedule.at.size()); }},
      {"log.level", Below("log"), [](const Config& c) { return Show(c.log.level); }},
      {"log.people", Below("log"), [](const Config& c) { return Show(c.log.people); }},
      {"journal.keep", Below("journal"), [](const Config& c) { return Show(c.journal.keep); }},
      {"pages.people", Below("pages"), [](const Config& c) { return Show(c.pages.people); }},
      {"part.count",
       [](const std::string& line) { return Extra{.top = "guards: { user: { suspend: { " + line + " } } }"}; },
       [](const Config& c) { return Show(c.guards.kinds[Index(Kind::kUser)].suspend.count); }},
      {"part.at_least",
       [](const std::string& line) { return Extra{.top = "guards: { user: { create: { " + line + " } } }"}; },
       [](const Config& c) { return Show(c.guards.kinds[Index(Kind::kUser)].create.at_least); }},
      {"part.week",
       [](const std::string& line) { return Extra{.top = "guards: { group: { delete: { " + line + " } } }"}; },
       [](const Config& c) { return Show(c.guards.kinds[Index(Kind::kGroup)].remove.week); }},
      {"guards.user.suspend", below_guards("user"),
       [](const Config& c) { return Show(c.guards.kinds[Index(Kind::kUser)].suspend.percent); }},
  };
  static constexpr std::array kCreate{"guards.user.create", "guards.group.create", "guards.contact.create"};
  static constexpr std::array kUpdate{"guards.user.update", "guards.group.update", "guards.contact.update"};
  static constexpr std::array kDelete{"guards.user.delete", "guards.group.delete", "guards.contact.delete"};
  for (const Kind kind : kAllKinds) {
    const std::size_t i = Index(kind);
    const auto place = below_guards(std::string(Name(kind)));
    all.push_back({kCreate[i], place, [i](const Config& c) { return Show(c.guards.kinds[i].create.percent); }});
    all.push_back({kUpdate[i], place, [i](const Config& c) { return Show(c.guards.kinds[i].update.percent); }});
    all.push_back({kDelete[i], place, [i](const Config& c) { return Show(c.guards.kinds[i].remove.percent); }});
  }
  return all;
}

// Defaults that are no value of the key: an environment's, or one that is written otherwise.
const std::set<std::string> kNotWritten{"state_dir", "target.routes", "sources.NAME.encoding", "log.format"};

}  // namespace

TEST_CASE("the manual has every key of the configuration, and none besides") {
  const Manual manual = ReadManual();
  std::set<std::string> known;
  for (const SectionOf& section : Sections()) {
    for (const std::string& key : KnownBeside(section.extra)) known.insert(section.prefix + key);
  }
  // Refused with a word on whom they are for, so known there and of no use.
  known.erase("guards.contact.suspend");
  known.erase("guards.group.suspend");
  for (const std::string& key : known) {
    CAPTURE(key);
    CHECK(manual.count(key) == 1);
  }
  for (const auto& [key, bracket] : manual) {
    const auto& this_key = key;
    CAPTURE(this_key);
    CHECK(known.count(key) == 1);
  }
}

TEST_CASE("every section that the loader reads is asked for its keys") {
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(UCAAS_SYNC_CONFIG_ROOM)) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() != ".cc" || name == "section.cc") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (re2::StringPiece rest(text); RE2::FindAndConsume(&rest, R"(\n\s+Section \w+\()");) ++read;
  }
  // Those of the three kinds of guards are one in the code.
  CHECK(read == Sections().size() - 2);
}

TEST_CASE("the defaults in the manual are those that are in force") {
  const Manual manual = ReadManual();
  const Config silent = LoadText(Sound({})).config;
  std::set<std::string> compared;
  for (const Default& entry : Defaults()) {
    CAPTURE(entry.name);
    REQUIRE(manual.count(entry.name) == 1);
    const std::string written = DefaultOf(manual.at(entry.name));
    CAPTURE(written);
    REQUIRE_FALSE(written.empty());
    const std::string name = entry.name;
    const Loaded loaded = LoadText(Sound(entry.place(name.substr(name.rfind('.') + 1) + ": " + written)));
    CAPTURE(loaded.text());
    CHECK(loaded.errors.empty());
    CHECK(entry.value(loaded.config) == entry.value(silent));
    compared.insert(name);
  }
  for (const auto& [key, bracket] : manual) {
    const auto& this_key = key;
    CAPTURE(this_key);
    CHECK(compared.count(key) + kNotWritten.count(key) == (DefaultOf(bracket).empty() ? 0 : 1));
  }
}

}  // namespace ucaas_sync::config
