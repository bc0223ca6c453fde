// What people and machines read of hostile names and keys: pages without foreign markup, one line an event, JSON that
// is JSON, and text that steers no terminal.
#include <doctest/doctest.h>
#include <rapidjson/document.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/model/text.h"
#include "tests/commands/naughty.h"
#include "tests/support/cli.h"
#include "tests/support/page.h"

namespace ucaas_sync::testing {
namespace {

/// Each has a hostile key, name and department; every third has an address that is none, and is set aside.
std::vector<Person> People(const std::vector<std::string>& texts) {
  std::vector<Person> people;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    people.push_back({.id = texts[i],
                      .first_name = texts[i],
                      .last_name = "Last",
                      .email = i % 3 == 0 ? texts[i] + " at example.com" : "p" + std::to_string(i) + "@example.com",
                      .department = texts[i],
                      .title = texts[i]});
  }
  return people;
}

std::vector<Person> Hostile() {
  return People(NaughtyKeys());
}

/// As many, with names that nobody would mind.
std::vector<Person> Harmless() {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < NaughtyKeys().size(); ++i) texts.push_back("Name " + std::to_string(i));
  return People(texts);
}

/// Everything between < and >, without the numbers in it, and without the chart's words, which name times.
std::set<std::string> TagsOf(const std::string& html) {
  std::set<std::string> tags;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    std::string tag = html.substr(at, html.find('>', at) + 1 - at);
    constexpr std::string_view kWords = "aria-label=\"";
    if (const std::size_t words = tag.find(kWords); words != std::string::npos) {
      tag.erase(words, tag.find('"', words + kWords.size()) - words);
    }
    std::erase_if(tag, [](char c) { return c >= '0' && c <= '9'; });
    tags.insert(std::move(tag));
  }
  return tags;
}

/// The text of a page, without its tags.
std::string TextOf(const std::string& html) {
  std::string text;
  for (std::size_t at = 0; at < html.size();) {
    if (html[at] == '<') {
      at = std::min(html.find('>', at), html.size() - 1) + 1;
      text += '\n';
      continue;
    }
    bool found = false;
    for (const auto& [entity, meant] :
         {std::pair("&lt;", '<'), {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&#39;", '\''}}) {
      if (html.compare(at, std::string_view(entity).size(), entity) != 0) continue;
      text += meant;
      at += std::string_view(entity).size();
      found = true;
      break;
    }
    if (!found) text += html[at++];
  }
  return text;
}

void CheckPage(const std::string& hostile, const std::string& harmless) {
  for (const std::string& tag : TagsOf(hostile)) {
    CAPTURE(tag);
    CHECK(TagsOf(harmless).contains(tag));
  }
  CHECK(IsHarmless(hostile));
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("the plan's page has no markup but its own, and shows every name") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", QuotedCsvOf(Harmless()));
  const Output harmless = cli.Run({"plan", "--format", "html"});
  cli.Write("people.csv", QuotedCsvOf(Hostile()));
  const Output hostile = cli.Run({"plan", "--format", "html"});
  Expect(hostile, 0);
  CheckPage(hostile.out, harmless.out);
  const std::string text = TextOf(hostile.out);
  for (const std::string& key : NaughtyKeys()) {
    CAPTURE(Printable(key));
    CHECK(text.find(Printable(AsKept(key))) != std::string::npos);
  }
}

TEST_CASE("the plan as JSON names every key and value as it is") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", QuotedCsvOf(Hostile()));
  const Output output = cli.Run({"plan", "--format", "json"});
  Expect(output, 0);
  REQUIRE(IsJson(output.out));
  rapidjson::Document plan;
  plan.Parse(output.out.data(), output.out.size());
  std::set<std::string> keys;
  for (const auto& operation : plan["operations"].GetArray()) {
    const std::string key(operation["key"].GetString(), operation["key"].GetStringLength());
    if (std::string_view(operation["kind"].GetString()) != "user") continue;
    const auto& name = operation["after"]["first_name"];
    CHECK(std::string(name.GetString(), name.GetStringLength()) == key);
    keys.insert(key);
  }
  for (const auto& item : plan["quarantine"].GetArray())
    keys.emplace(item["key"].GetString(), item["key"].GetStringLength());
  for (const std::string& key : NaughtyKeys()) {
    CAPTURE(Printable(key));
    CHECK(keys.contains(AsKept(key)));
  }
}

TEST_CASE("the log has one line an event, as JSON and as text, and no text steers a terminal") {
  for (const char* format : {"json", "text"}) {
    std::vector<std::size_t> counts;
    for (auto people : {Harmless(), Hostile()}) {
      // Refused by the target, which the log tells of each.
      for (std::size_t i = 1; i < people.size(); i += 9) people[i].title = std::string(300, 'x');
      Cli cli;
      cli.Write("config.yaml", CompanyConfig());
      cli.Write("people.csv", QuotedCsvOf(people));
      const Output output = cli.Run({"--log-level", "debug", "--log-format", format, "sync"});
      Expect(output, 4);
      // JSON is for machines and keeps what is no control character of ASCII as it is.
      if (std::string_view(format) == "text") CHECK(IsHarmless(output.err));
      CHECK(IsHarmless(output.out));
      const auto lines = LinesOf(output.err);
      counts.push_back(lines.size());
      for (const std::string& line : lines) {
        CAPTURE(line);
        CHECK((std::string_view(format) == "json" ? IsJson(line) : line.starts_with("20")));
      }
    }
    CHECK(counts[0] > 100);
    CHECK(counts[1] == counts[0]);
  }
}

TEST_CASE("status, quarantine, explain and the plan in text are as harmless, and their JSON is JSON") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", QuotedCsvOf(Hostile()));
  const Output plan = cli.Run({"plan"});
  CHECK(IsHarmless(plan.out));
  Expect(cli.Run({"sync"}), 4);
  const Output status = cli.Run({"status", "--format", "json"});
  Expect(status, 0);
  CHECK(IsJson(status.out));
  for (const std::string command : {"status", "quarantine list", "runs"}) {
    std::vector<std::string> words;
    std::istringstream in(command);
    for (std::string word; in >> word;) words.push_back(word);
    const Output output = cli.Run(words);
    Expect(output, 0);
    CHECK(IsHarmless(output.out));
  }
  const auto keys = NaughtyKeys();
  for (std::size_t i = 0; i < keys.size(); i += 19) {
    const std::string key = AsKept(keys[i]);
    CAPTURE(Printable(key));
    const Output text = cli.Run({"explain", "--", key});
    CHECK(text.code == 0);
    CHECK(IsHarmless(text.out));
    CHECK(IsHarmless(text.err));
    const Output json = cli.Run({"explain", "--format", "json", "--", key});
    CHECK(IsJson(json.out));
  }
}

TEST_CASE("the service's pages and notices have no markup, header or message but their own") {
  std::vector<std::string> pages;
  for (const auto& people : {Harmless(), Hostile()}) {
    Cli cli;
    cli.Write("config.yaml", CompanyConfig("listen: \"unix:http\"\nschedule: { every: 1h }\nnotify:\n"
                                           "  command: [/bin/sh, -c, \"cat >> " +
                                           cli.Path("notices") + "\"]\n"));
    cli.Write("people.csv", QuotedCsvOf(people));
    Child service = cli.Start({"run"});
    service.WaitFor("partial");
    const std::string status = Get(cli, "/api/status").body;
    CHECK(IsJson(status));
    const std::size_t at = status.find("\"id\":\"") + 6;
    const std::string run = status.substr(at, status.find('"', at) - at);
    std::string both = Get(cli, "/").body + Get(cli, "/runs/" + run).body;
    for (std::size_t link = 0; (link = both.find(run, link)) != std::string::npos;)
      both.replace(link, run.size(), "RUN");
    pages.push_back(std::move(both));
    CHECK(Get(cli, "/metrics").status == 200);
    service.Signal(SIGTERM);
    CHECK(service.Wait().code == 0);
    const auto notices = LinesOf(cli.Read("notices"));
    CHECK(std::count_if(notices.begin(), notices.end(),
                        [](const auto& line) { return line.starts_with("Subject:"); }) == 1);
    CHECK(IsHarmless(cli.Read("notices")));
  }
  CheckPage(pages[1], pages[0]);
}

}  // namespace ucaas_sync::testing
