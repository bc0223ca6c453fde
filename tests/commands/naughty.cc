#include "tests/commands/naughty.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "daemon/model/text.h"
#include "tests/support/cli.h"

namespace ucaas_sync::testing {
namespace {

constexpr std::ptrdiff_t kMostCharacters = 240;  // a contact's name has a last name, too

std::string FileOf(const std::string& name) {
  std::ifstream in(std::string(UCAAS_SYNC_STRINGS) + '/' + name, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.empty()) throw std::runtime_error("nothing in " + name);
  return text;
}

void AddCollection(std::vector<std::string>& strings) {
  rapidjson::Document list;
  const std::string text = FileOf("blns.json");
  list.Parse(text.data(), text.size());
  for (const auto& item : list.GetArray()) strings.emplace_back(item.GetString(), item.GetStringLength());
}

void AddScripts(std::vector<std::string>& strings) {
  const std::string text = FileOf("scripts.txt");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    strings.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

void AddControls(std::vector<std::string>& strings) {
  constexpr unsigned kFirstPrintable = 0x20;
  constexpr unsigned kFirstC1 = 0x80;
  constexpr unsigned kLastC1 = 0x9f;
  for (unsigned byte = 1; byte < kFirstPrintable; ++byte) {
    strings.push_back("Con" + std::string(1, static_cast<char>(byte)) + "trol");
  }
  for (unsigned byte = kFirstC1; byte <= kLastC1; ++byte) {
    strings.push_back("Con\xC2" + std::string(1, static_cast<char>(byte)) + "trol");
  }
  // Delete, the marks and overrides of direction, separators of lines and paragraphs, characters that are none.
  for (const char* one :
       {"\x7F", "\u200E", "\u200F", "\u202A", "\u202E", "\u2066", "\u2069", "\u061C", "\u2028", "\u2029", "\u200B",
        "\u2060", "\uFEFF", "\uFFFD", "\uFFFE", "\uFFFF", "\U0010FFFF", "\U000E0041"}) {
    strings.push_back(std::string("Con") + one + "trol");
  }
}

void AddOurs(std::vector<std::string>& strings) {
  constexpr std::size_t kMarks = 200;
  for (const char* text : {"Ada\r\nX-Injected: yes",
                           "Ada\nSubject: injected",
                           "Ada%0d%0aX-Injected:%20yes",
                           "%0d%0a",
                           "%00",
                           "..",
                           ".",
                           "../../users/1",
                           "..%2f..%2fusers",
                           "users?x=1#y",
                           "\"",
                           "\"\"",
                           "'",
                           "`id`",
                           "$(id)",
                           "a\"b,c;d\te|f",
                           "<b>bold</b>",
                           "</td></tr></table><script>alert(1)</script>",
                           "\" onmouseover=\"alert(1)",
                           "<!--",
                           "-->",
                           "]]>",
                           "&lt;&amp;&#60;",
                           "{first_name}",
                           "{{",
                           "}}",
                           "%s%n%d",
                           "\\",
                           "\\\\",
                           "\\u0000",
                           "\\ud800",
                           "{\"result\":1}",
                           "*)(uid=*",
                           "=1+1",
                           "null",
                           "NULL",
                           "true",
                           "0",
                           "-1",
                           "\x1B]0;title\x07",
                           "\x1B[2J\x1B[1;31mred",
                           "ʼn",
                           "ﬁ",
                           "İi",
                           "ẞß",
                           "Ǆ"}) {
    strings.emplace_back(text);
  }
  std::string marks = "e";
  for (std::size_t i = 0; i < kMarks; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0323";
  strings.push_back(marks);
}

}  // namespace

std::vector<std::string> NaughtyStrings() {
  std::vector<std::string> strings;
  AddCollection(strings);
  AddScripts(strings);
  AddControls(strings);
  AddOurs(strings);
  return strings;
}

std::string AsKept(std::string_view text) {
  return Nfc(Trim(text));
}

std::vector<std::string> NaughtyNames() {
  std::vector<std::string> names;
  for (const std::string& text : NaughtyStrings()) {
    const std::string kept = AsKept(text);
    const auto characters = std::count_if(kept.begin(), kept.end(),
                                          [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    if (characters > 0 && characters <= kMostCharacters) names.push_back(text);
  }
  return names;
}

std::vector<std::string> NaughtyKeys() {
  std::vector<std::string> keys;
  std::set<std::string> folded;
  for (const std::string& text : NaughtyNames()) {
    if (folded.insert(FoldCase(AsKept(text))).second) keys.push_back(text);
  }
  return keys;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string QuotedCsvOf(const std::vector<Person>& people) {
  std::string csv = "employee_id,first_name,last_name,email,department,title,status\r\n";
  for (const Person& person : people) {
    const std::string* last = &person.status;
    for (const std::string* value :
         {&person.id, &person.first_name, &person.last_name, &person.email, &person.department, &person.title, last}) {
      csv += Quoted(*value) + (value == last ? "\r\n" : ",");
    }
  }
  return csv;
}

bool IsJson(std::string_view text) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  return !document.HasParseError();
}

bool IsHarmless(std::string_view text) {
  std::string without_breaks(text);
  std::erase(without_breaks, '\n');
  return Printable(without_breaks) == without_breaks;
}

}  // namespace ucaas_sync::testing
