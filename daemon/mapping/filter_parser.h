// Reads a filter's text (RFC 4515) into a program. Used by Filter::Compile alone; an object parses one text once.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/diagnostics.h"
#include "daemon/mapping/filter.h"

namespace ucaas_sync::mapping {

class FilterParser {
 public:
  FilterParser(const config::Text& text, const Filter::Resolve& resolve, config::Diagnostics& diagnostics)
      : source_(text), text_(text.value), resolve_(resolve), diagnostics_(diagnostics) {}

  /// False after an error, which is then in the diagnostics.
  bool Parse(Filter& filter);

 private:
  struct Escaped {
    std::string bytes;
    bool is_good = true;
  };
  struct Extensible {
    std::string_view attribute;
    std::string_view rule;
    std::size_t rule_at = 0;
    bool looks_at_dn = false;
  };

  bool Component(std::size_t depth);
  /// Between the parentheses, and the closing one.
  bool Contents(std::size_t open, std::size_t depth);
  bool List(Filter::Op op, std::size_t open, std::size_t depth);
  bool Item(std::size_t open);
  bool Value(Filter::Node& node, std::size_t begin, std::size_t end);
  bool Substrings(Filter::Node& node, std::size_t begin, std::size_t end);
  bool ExtensibleItem(std::string_view head, std::size_t head_at, std::size_t value_at, std::size_t end);
  bool ApplyMatchingRule(Filter::Node& node, Filter::Assertion& assertion, const Extensible& parts,
                         std::size_t value_at);
  std::optional<Slot> Attribute(std::string_view name, std::size_t at);
  std::optional<std::string> Unescape(std::size_t begin, std::size_t end);
  Filter::Assertion MakeAssertion(std::string value) const;
  void Push(Filter::Node node);
  void SkipSpaces();
  bool Error(std::size_t at, std::string what, std::string remedy = {});

  const config::Text& source_;
  std::string_view text_;
  const Filter::Resolve& resolve_;
  config::Diagnostics& diagnostics_;
  Filter* filter_ = nullptr;
  std::size_t at_ = 0;
};

}  // namespace ucaas_sync::mapping
