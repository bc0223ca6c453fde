// Templates: the first line is the text, the others are values of its attributes in turn. What comes out is trimmed,
// NFC and UTF-8, is the same twice, and has a text exactly when it says so.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/mapping/template.h"
#include "daemon/model/text.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ucaas_sync::FieldState;
using ucaas_sync::fuzz::Require;
namespace mapping = ucaas_sync::mapping;
namespace config = ucaas_sync::config;

constexpr std::uint64_t kColumn = 11;

config::Text Located(std::string text) {
  return {.value = std::move(text), .at = {.file = "config.yaml", .line = 7, .column = kColumn}};
}

const std::vector<mapping::WordTable>& Tables() {
  static const std::vector<mapping::WordTable> kTables = [] {
    config::Diagnostics diagnostics;
    config::TableConfig table;
    table.name = Located("t");
    table.entries.emplace_back(Located("active"), Located("A"));
    table.entries.emplace_back(Located("*"), Located("S"));
    std::vector<mapping::WordTable> tables;
    tables.push_back(mapping::WordTable::Compile(table, diagnostics));
    return tables;
  }();
  return kTables;
}

void RequireSound(std::string_view text, const std::string& what) {
  Require(!text.empty(), "a value is not empty", what);
  Require(ucaas_sync::IsUtf8(text), "a value is UTF-8", what);
  Require(ucaas_sync::Trim(text) == text, "a value is trimmed", what);
  Require(ucaas_sync::Nfc(text) == text, "a value is NFC", what);
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
  for (const auto yield : {mapping::Template::Yield::kOne, mapping::Template::Yield::kEach}) {
    config::Diagnostics diagnostics;
    const auto compiled = mapping::Template::Compile(
        Located(text), yield, [&table](std::string_view name, std::size_t) { return table.Need(name); }, Tables(),
        diagnostics);
    for (const auto& error : diagnostics.errors()) {
      Require(error.at.line == 7 && error.at.column >= kColumn && error.at.column <= kColumn + text.size(),
              "a problem points into the template", error.ToString());
    }
    if (!diagnostics.ok()) continue;

    std::vector<std::string> values;
    for (std::string_view left = rest; !left.empty() && values.size() < 64;) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      const std::string_view value = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
      if (ucaas_sync::IsUtf8(value)) values.push_back(ucaas_sync::Nfc(ucaas_sync::Trim(value)));
    }
    ucaas_sync::Record record;
    for (std::size_t i = 0; i < values.size() && table.size() > 0; ++i) {
      if (!values[i].empty()) record.Add(static_cast<ucaas_sync::Slot>(i % table.size()), values[i]);
    }
    mapping::Scratch scratch;
    mapping::Workbench bench{.scratch = scratch, .values = {}, .more = {}, .text = {}, .whole = {}};
    if (yield == mapping::Template::Yield::kOne) {
      const auto rendered = compiled.Render({.record = record}, bench);
      const std::string first(rendered.text);
      if (rendered.state == FieldState::kValue) RequireSound(first, text);
      Require(rendered.state == FieldState::kValue || first.empty(), "only a value has a text", text);
      const auto again = compiled.Render({.record = record}, bench);
      Require(again.state == rendered.state && again.text == first, "the same record gives the same text", text);
    } else {
      std::vector<std::string_view> texts;
      const auto rendered = compiled.RenderEach({.record = record}, bench, texts);
      for (const std::string_view each : texts) RequireSound(each, text);
      Require(rendered.state == FieldState::kValue || rendered.failed || texts.empty(), "only what is known has texts",
              text);
    }
  }
  return 0;
}
