#include "daemon/mapping/template.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/mapping/support.h"

namespace ucaas_sync::mapping {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

config::TableConfig Table(std::string name, const Values& entries) {
  config::TableConfig table;
  table.name = At(std::move(name));
  for (const auto& [word, meaning] : entries) table.entries.emplace_back(At(word), At(meaning));
  return table;
}

class Bench {
 public:
  explicit Bench(Values values) : values_(std::move(values)) {
    config::Diagnostics diagnostics;
    tables_.push_back(WordTable::Compile(Table("status", {{"Active", "A"}, {"leave", "S"}}), diagnostics));
    tables_.push_back(WordTable::Compile(Table("site", {{"B", "Berlin"}, {"*", "Elsewhere"}}), diagnostics));
    REQUIRE(diagnostics.ok());
    for (const auto& [name, value] : values_) record_.Add(table_.Need(name), value);
  }

  std::string One(const std::string& text) {
    const Template compiled = Compile(text, Template::Yield::kOne);
    result = compiled.Render(facts(), bench_);
    return result.state == FieldState::kValue ? std::string(result.text) : "";
  }

  std::vector<std::string> Each(const std::string& text) {
    const Template compiled = Compile(text, Template::Yield::kEach);
    std::vector<std::string_view> texts;
    result = compiled.RenderEach(facts(), bench_, texts);
    return {texts.begin(), texts.end()};
  }

  Template Compile(const std::string& text, Template::Yield yield) {
    config::Diagnostics diagnostics;
    Template compiled = Template::Compile(
        At(text), yield, [&](std::string_view name, std::size_t) { return table_.Need(name); }, tables_, diagnostics);
    for (const Problem& problem : diagnostics.errors()) MESSAGE(problem.ToString());
    REQUIRE(diagnostics.ok());
    origins_.resize(table_.size(), kOwn);
    return compiled;
  }

  Problem ErrorOf(const std::string& text) {
    config::Diagnostics diagnostics;
    Template::Compile(
        At(text), Template::Yield::kOne, [&](std::string_view name, std::size_t) { return table_.Need(name); }, tables_,
        diagnostics);
    REQUIRE(diagnostics.errors().size() == 1);
    return diagnostics.errors().front();
  }

  void Mark(const std::string& name, Origin origin) {
    const Slot slot = table_.Need(name);
    origins_.resize(table_.size(), kOwn);
    origins_[slot] = origin;
  }

  Facts facts() const { return {.record = record_, .origins = origins_}; }
  const Record& record() const { return record_; }

  Rendered result;

 private:
  Values values_;
  AttributeTable table_ = AttributeTable::Selected();
  std::vector<WordTable> tables_;
  Record record_;
  std::vector<Origin> origins_;
  Scratch scratch_;
  Workbench bench_{.scratch = scratch_, .values = {}, .more = {}, .text = {}, .whole = {}};
};

TEST_CASE("a plain attribute is a view of the record") {
  Bench bench(Values{{"name", "Ada"}});
  CHECK(bench.One("{name}") == "Ada");
  CHECK(bench.result.text.data() == bench.record().cells()[0].value.data());
  CHECK(bench.One("{NAME|lower}") == "ada");
}

TEST_CASE("text, braces, alternatives and several attributes") {
  Bench bench({{"first", "Ada"},
               {"last", "Lovelace"},
               {"mail", "Ada@Example.com"},
               {"mail", "second@example.com"},
               {"cn;lang-de", "Österreich"}});
  CHECK(bench.One("{first} {last}") == "Ada Lovelace");
  CHECK(bench.One("{first} {middle} {last}") == "Ada Lovelace");
  CHECK(bench.One("{middle} {last}") == "Lovelace");
  CHECK(bench.One("{last}, {middle}") == "Lovelace,");
  CHECK(bench.One("{email,mail|lower}") == "ada@example.com");
  CHECK(bench.One("{{{first}}}") == "{Ada}");
  CHECK(bench.One("Example Ltd") == "Example Ltd");
  CHECK(bench.One("{cn;LANG-de}") == "Österreich");
  CHECK(bench.One("{ first }") == "Ada");
}

TEST_CASE("a template in which no attribute has a value is empty, whatever else it says") {
  Bench bench(Values{{"first", "Ada"}});
  CHECK(bench.One("{uid}@example.com").empty());
  CHECK(bench.result.state == FieldState::kEmpty);
  CHECK(bench.One("Team {department}").empty());
  CHECK(bench.Each("Team {department}").empty());
  CHECK(bench.One("Team {department|default:Staff}") == "Team Staff");
}

TEST_CASE("each filter does what its name says") {
  Bench bench({{"name", "ada LOVELACE-king"},
               {"site", "b"},
               {"city", "Rome"},
               {"status", "ACTIVE"},
               {"tag", "x"},
               {"tag", "y"},
               {"list", "one; two;;three "},
               {"dn", "CN=Sales\\, East,OU=Groups,DC=example"},
               {"phone", "+49 (30) 123"},
               {"street", "Straße"}});
  CHECK(bench.One("{name|lower}") == "ada lovelace-king");
  CHECK(bench.One("{name|upper}") == "ADA LOVELACE-KING");
  CHECK(bench.One("{name|title}") == "Ada Lovelace-King");
  CHECK(bench.One("{street|lower}") == "straße");
  CHECK(bench.One("{tag}") == "x");
  CHECK(bench.One("{tag|join:, }") == "x, y");
  CHECK(bench.One("{tag|join:\"|\"}") == "x|y");
  CHECK(bench.One("{tag|first|join:+}") == "x");
  CHECK(bench.One("{list|split:;}") == "one");
  CHECK(bench.One("{list|split:;|join:+}") == "one+two+three");
  CHECK(bench.One("{none|default:Staff}") == "Staff");
  CHECK(bench.One("{none|default:\"a}b|c:d\"\"e\"}") == "a}b|c:d\"e");
  CHECK(bench.One("{none|default:a:b}") == "a:b");
  CHECK(bench.One("{status|map:status}") == "A");
  CHECK(bench.One("{none|map:status|default:A}") == "A");
  CHECK(bench.One("{none|default:leave|map:status}") == "S");
  CHECK(bench.One("{site|map:site}") == "Berlin");
  CHECK(bench.One("{city|map:site}") == "Elsewhere");
  CHECK(bench.One("{name|replace:LOVE:love}") == "ada loveLACE-king");
  CHECK(bench.One("{name|replace:\" \":\"\"}") == "adaLOVELACE-king");
  CHECK(bench.One("{phone|regex:[^0-9+]:}") == "+4930123");
  CHECK(bench.One("{name|regex:\"^(\\w+) (\\w{4}).*$\":\"\\2 \\1\"}") == "LOVE ada");
  CHECK(bench.One("{dn|dn:cn}") == "Sales, East");
  CHECK(bench.One("{dn|dn:ou|lower}") == "groups");
  CHECK(bench.One("{name|dn:cn|default:none}") == "none");
}

TEST_CASE("a multi-valued attribute yields one text for each value") {
  Bench bench({{"memberOf", "cn=Sales,dc=example"},
               {"memberOf", "cn=Staff,dc=example"},
               {"memberOf", "ou=x"},
               {"skills", "C++; SQL"},
               {"site", "Berlin"}});
  CHECK(bench.Each("{memberOf|dn:cn}") == std::vector<std::string>{"Sales", "Staff"});
  CHECK(bench.Each("{memberOf|dn:cn|first}") == std::vector<std::string>{"Sales"});
  CHECK(bench.Each("{skills|split:;}") == std::vector<std::string>{"C++", "SQL"});
  CHECK(bench.Each("{site}: {skills|split:;}") == std::vector<std::string>{"Berlin: C++", "Berlin: SQL"});
  CHECK(bench.Each("Everybody") == std::vector<std::string>{"Everybody"});
  CHECK(bench.Each("{none}").empty());
  CHECK(bench.result.state == FieldState::kEmpty);
}

TEST_CASE("a word that the table lacks fails with the word and the attribute, but only if it is looked at") {
  Bench bench(Values{{"status", "active"}, {"status", "vanished"}, {"other", "gone;active"}});
  CHECK(bench.One("{status|map:status}") == "A");
  CHECK(bench.Each("{status|map:status}").empty());
  CHECK(bench.result.failed);
  CHECK(bench.result.value == "vanished");
  CHECK(bench.One("{other|split:;|map:status|default:A}").empty());
  CHECK(bench.result.failed);
  CHECK(bench.result.value == "gone");
  CHECK(bench.result.table == "status");
}

TEST_CASE("a value that replacements make grow without end fails, a long one that they leave alone does not") {
  const std::string longest(70'000, 'b');
  Bench bench(Values{{"name", "aaaa"}, {"text", longest}});
  const std::string ten = "|replace:a:aaaaaaaaaa";
  CHECK(bench.One("{name" + ten + ten + ten + ten + "}").size() == 40'000);
  for (const std::string& step : {ten, std::string("|regex:\"\":\"aaaaaaaaaa\"")}) {
    CAPTURE(step);
    std::string text = "{name";
    for (int i = 0; i < 30; ++i) text += step;
    CHECK(bench.One(text + "|default:A}").empty());
    CHECK(bench.result.failed);
    CHECK(bench.result.table.empty());
    CHECK(bench.result.state == FieldState::kUnknown);
  }
  CHECK(bench.One("{text|replace:a:c}") == longest);
}

TEST_CASE("no fallback stands in for what a silent source would have said") {
  Bench bench(Values{{"email", "ada@example.com"}});
  bench.Mark("mail", kUnknowable);
  bench.Mark("title", kUnknowable);
  CHECK(bench.One("{mail,email}").empty());
  CHECK(bench.result.state == FieldState::kUnknown);
  CHECK(bench.One("{email,mail}") == "ada@example.com");
  CHECK(bench.One("{title|default:Staff}").empty());
  CHECK(bench.result.state == FieldState::kUnknown);
  CHECK(bench.One("{email} {title}").empty());
  CHECK(bench.result.state == FieldState::kUnknown);
}

TEST_CASE("where no joined record exists a fallback serves, and without one the value is unknown") {
  Bench bench(Values{{"email", "ada@example.com"}});
  bench.Mark("mail", kNoPartner);
  CHECK(bench.One("{mail,email}") == "ada@example.com");
  CHECK(bench.One("{mail|default:none}") == "none");
  CHECK(bench.One("{mail}").empty());
  CHECK(bench.result.state == FieldState::kUnknown);
}

TEST_CASE("what is made is NFC and trimmed") {
  Bench bench(Values{{"base", "Zoe"}, {"mark", "\xCC\x88!"}});
  CHECK(bench.One("{base}{mark}") == "Zo\xC3\xAB!");
  CHECK(bench.One("{base|regex:Zoe:\" Zo \"}") == "Zo");
}

TEST_CASE("what is wrong with a template is told at its column") {
  struct Case {
    const char* text;
    std::uint64_t column;
    const char* words;
  };
  Bench bench({});
  for (const Case& c : std::vector<Case>{
           {"{first", 1, "never closed"},
           {"Hello {first|lower", 7, "never closed"},
           {"first}", 6, "closes nothing"},
           {"{}", 2, "name is missing"},
           {"{a,,b}", 4, "name is missing"},
           {"{a{b}}", 3, "no attribute's name"},
           {"{a|lowr}", 4, "unknown filter \"lowr\""},
           {"{a|lower:x}", 9, "takes no argument"},
           {"{a|join}", 4, "join needs 1 argument"},
           {"{a|replace:x}", 4, "replace needs 2 arguments"},
           {"{a|split:}", 10, "something to look for"},
           {"{a|default:\"x}", 12, "quote is never closed"},
           {"{a|default:\"x\"y}", 15, "after the argument"},
           {"{a|map:stat}", 8, "no table \"stat\""},
           {"{a|regex:\"(\":x}", 10, "no regular expression"},
           {"{a|regex:x:\"\\3\"}", 10, "does not fit the pattern"},
       }) {
    CAPTURE(c.text);
    const Problem problem = bench.ErrorOf(c.text);
    CAPTURE(problem.ToString());
    CHECK(problem.at.column == kTextColumn + c.column - 1);
    CHECK(problem.what.find(c.words) != std::string::npos);
    CHECK_FALSE(problem.remedy.empty());
  }
  CHECK(bench.ErrorOf("{a|lowr}").remedy.find("lower") != std::string::npos);
  CHECK(bench.ErrorOf("{a|map:stat}").remedy.find("status") != std::string::npos);
}

TEST_CASE("two words of a table that differ only in case must mean the same") {
  config::Diagnostics diagnostics;
  WordTable::Compile(Table("t", {{"yes", "1"}, {"YES", "1"}}), diagnostics);
  CHECK(diagnostics.ok());
  WordTable::Compile(Table("t", {{"yes", "1"}, {"YES", "2"}}), diagnostics);
  CHECK_FALSE(diagnostics.ok());
}

TEST_CASE("a table finds every word, also beyond ASCII, and no other") {
  config::Diagnostics diagnostics;
  const WordTable table = WordTable::Compile(
      Table("t", {{"Ärztin", "1"}, {"beta", "2"}, {"Alpha", "3"}, {"Zürich", "4"}, {"été", "5"}}), diagnostics);
  CHECK(table.Find("ÄRZTIN") == "1");
  CHECK(table.Find("BETA") == "2");
  CHECK(table.Find("alpha") == "3");
  CHECK(table.Find("zürich") == "4");
  CHECK(table.Find("ÉTÉ") == "5");
  CHECK_FALSE(table.Find("gamma"));
  CHECK_FALSE(table.Find("Zurich"));
  CHECK_FALSE(table.Find(""));
}

}  // namespace
}  // namespace ucaas_sync::mapping
