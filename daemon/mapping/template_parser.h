// Reads a template's text into pieces. Used by Template::Compile alone; an object parses one text once.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/diagnostics.h"
#include "daemon/mapping/template.h"

namespace ucaas_sync::mapping {

class TemplateParser {
 public:
  TemplateParser(const config::Text& text, Template::Yield yield, const Template::Resolve& resolve,
                 std::span<const WordTable> tables, config::Diagnostics& diagnostics)
      : source_(text),
        text_(text.value),
        yield_(yield),
        resolve_(resolve),
        tables_(tables),
        diagnostics_(diagnostics) {}

  /// False after an error, which is then in the diagnostics.
  bool Parse(Template& compiled);

 private:
  bool Braces(Template& compiled);
  bool Names(Template::Piece& piece);
  bool Filter(Template::Piece& piece);
  std::optional<std::string> Argument(bool ends_at_colon);
  bool Arguments(std::size_t name_at, std::string_view name, std::size_t count, Template::Step& step);
  bool FindTable(std::size_t at, Template::Step& step);
  bool CompileRegex(std::size_t at, Template::Step& step);
  void Settle(Template::Piece& piece) const;
  bool Error(std::size_t at, std::string what, std::string remedy = {});

  const config::Text& source_;
  std::string_view text_;
  Template::Yield yield_;
  const Template::Resolve& resolve_;
  std::span<const WordTable> tables_;
  config::Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  std::size_t open_ = 0;  // the { being read
};

}  // namespace ucaas_sync::mapping
