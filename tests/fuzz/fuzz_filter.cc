// Filters: the first line is the text, the others are values of its attributes in turn. What compiles cannot be cut or
// lengthened and still compile, and negation, conjunction and white space mean what they must.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/mapping/filter.h"
#include "daemon/model/text.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ucaas_sync::fuzz::Require;
namespace mapping = ucaas_sync::mapping;
namespace config = ucaas_sync::config;

constexpr std::uint64_t kColumn = 11;

struct Compiled {
  mapping::Filter filter;
  bool ok = false;
};

Compiled Compile(const std::string& text, ucaas_sync::AttributeTable& table) {
  config::Diagnostics diagnostics;
  const config::Text located{.value = text, .at = {.file = "config.yaml", .line = 7, .column = kColumn}};
  Compiled compiled;
  compiled.filter = mapping::Filter::Compile(
      located, [&table](std::string_view name, std::size_t) { return table.Need(name); }, diagnostics);
  compiled.ok = diagnostics.ok();
  compiled.filter.SetToday(ucaas_sync::Date(std::chrono::days(20'000)));
  for (const auto& error : diagnostics.errors()) {
    Require(error.at.line == 7 && error.at.column >= kColumn && error.at.column <= kColumn + text.size(),
            "a problem points into the filter", error.ToString());
  }
  return compiled;
}

mapping::Verdict Judge(const mapping::Filter& filter, const ucaas_sync::Record& record) {
  static const mapping::DateReader kDates;
  mapping::Findings findings;
  return filter.Judge({.record = record}, {&kDates, 1}, findings);
}

mapping::Verdict Not(mapping::Verdict verdict) {
  if (verdict == mapping::Verdict::kUndefined) return verdict;
  return verdict == mapping::Verdict::kYes ? mapping::Verdict::kNo : mapping::Verdict::kYes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = ucaas_sync::fuzz::AsText(data, size);
  const auto line = [&rest] {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return text;
  };
  const std::string text(line());
  if (!ucaas_sync::IsUtf8(text)) return 0;  // the configuration's own check comes first
  auto table = ucaas_sync::AttributeTable::Selected();
  const Compiled compiled = Compile(text, table);
  if (!compiled.ok || compiled.filter.empty()) return 0;

  std::vector<std::string> values;
  while (!rest.empty() && values.size() < 64) {
    const std::string_view value = line();
    values.push_back(ucaas_sync::IsUtf8(value) ? ucaas_sync::Nfc(ucaas_sync::Trim(value)) : std::string(value));
  }
  ucaas_sync::Record record;
  record.dn = "cn=Ann Lee+uid=7,ou=People,dc=example,dc=com";
  for (std::size_t i = 0; i < values.size() && table.size() > 0; ++i) {
    record.Add(static_cast<ucaas_sync::Slot>(i % table.size()), values[i]);
  }
  const mapping::Verdict verdict = Judge(compiled.filter, record);
  const auto means = [&](const std::string& other) {
    const Compiled again = Compile(other, table);
    // One level more may be one too many.
    return again.ok ? Judge(again.filter, record) : Judge(compiled.filter, record);
  };
  Require(means(" " + text + " ") == verdict, "white space around a filter means nothing", text);
  Require(means("(&" + text + text + ")") == verdict, "a filter and itself is itself", text);
  Require(means("(|" + text + " " + text + ")") == verdict, "a filter or itself is itself", text);
  const Compiled negated = Compile("(!" + text + ")", table);
  if (negated.ok) Require(Judge(negated.filter, record) == Not(verdict), "not is not", text);

  const std::size_t end = text.find_last_not_of(" \t\r\v\f");
  Require(!Compile(text.substr(0, end), table).ok || end == 0, "a filter that is cut does not compile", text);
  Require(!Compile(text + ")", table).ok, "a filter with a parenthesis too many does not compile", text);
  return 0;
}
