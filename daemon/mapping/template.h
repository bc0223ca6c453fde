// Templates: text with attributes in braces, "{first_name} {last_name}", "{email,mail|lower}".
//
// {a,b} is the first attribute that has a value, {a} its first value. Filters after |, applied in order: lower, upper,
// title, first, join:SEP, split:SEP, default:V, map:TABLE, replace:A:B, regex:P:R (RE2, every match, \1 in R), dn:TYPE.
// An argument may be quoted ("…", in which "" is a quote); {{ and }} are braces. A template in which no attribute has a
// value is empty, whatever its other text; where one of several is empty, the space before it goes with it.
// Ownership: keeps pointers to the word tables it was compiled with. Constant and thread-safe after Compile; what
// changes while rendering is in the caller's Workbench. A value that cannot be mapped is a value: Rendered::failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "daemon/mapping/facts.h"
#include "daemon/mapping/scratch.h"
#include "daemon/mapping/word_table.h"
#include "daemon/model/fields.h"
#include "daemon/model/record.h"

namespace re2 {
class RE2;
}

namespace ucaas_sync::mapping {

/// Reused while rendering; one per thread.
struct Workbench {
  Scratch& scratch;  ///< Rendered texts live here until it is reset.
  std::vector<std::string_view> values;
  std::vector<std::string_view> more;
  std::string text;
  std::string whole;
};

struct Rendered {
  /// kValue, kEmpty, or kUnknown (a joined source cannot be asked, or has no record and nothing else gives a value).
  FieldState state = FieldState::kEmpty;
  std::string_view text{};  ///< For kValue: trimmed, NFC; of the record or of the workbench.

  /// A word that is not in the table `table`, or, without one, a value that replacements make longer than 65,536 bytes:
  /// `state` is then kUnknown, and these say which.
  bool failed = false;
  Slot slot = kNoSlot;
  std::string_view value{};
  std::string_view table{};
};

class Template {
 public:
  /// What a multi-valued attribute gives: its first value, or one text for each (`groups:`, `members:`).
  enum class Yield : std::uint8_t { kOne, kEach };
  using Resolve = std::function<Slot(std::string_view name, std::size_t offset)>;

  /// One pair of braces, for those who ask what a rule needs.
  struct Use {
    std::vector<Slot> attributes;  ///< Alternatives.
    bool has_default = false;
    std::size_t offset = 0;  ///< Of the brace in the text.
  };

  static Template Compile(const config::Text& text, Yield yield, const Resolve& resolve,
                          std::span<const WordTable> tables, config::Diagnostics& diagnostics);

  const std::string& text() const { return text_; }
  bool is_constant() const { return uses_.empty(); }
  /// An attribute's value, or nothing: no text around it, no default.
  bool is_one_attribute() const { return pieces_.size() == 1 && uses_.size() == 1 && !uses_.front().has_default; }
  std::span<const Use> uses() const { return uses_; }
  /// Looks at all values of an attribute (`join:`), not only at the first.
  bool gathers() const { return gathers_; }

  Rendered Render(const Facts& facts, Workbench& bench) const;
  /// For Yield::kEach: appends each text to `texts`; what is returned has no text, and kValue means "known".
  Rendered RenderEach(const Facts& facts, Workbench& bench, std::vector<std::string_view>& texts) const;

 private:
  friend class TemplateParser;

  enum class Op : std::uint8_t { kLower, kUpper, kTitle, kFirst, kJoin, kSplit, kDefault, kMap, kReplace, kRegex, kDn };
  struct Step {
    Op op = Op::kFirst;
    std::string first;
    std::string second;
    const WordTable* table = nullptr;
    std::shared_ptr<const re2::RE2> regex;
  };
  struct Piece {
    std::string literal;      ///< When there are no slots.
    std::vector<Slot> slots;  ///< Alternatives.
    std::vector<Step> steps;
    bool takes_all = false;  ///< The steps begin with every value, not with the first.
    bool is_attribute() const { return !slots.empty(); }
  };

  /// Leaves the piece's values in bench.values; kValue when there are any.
  Rendered Fill(const Piece& piece, const Facts& facts, Workbench& bench) const;
  static bool Apply(const Step& step, Workbench& bench, Rendered& rendered);
  void Append(const Piece& piece, std::string_view value, std::string& text, bool& skip_space) const;

  std::string text_;  ///< As it was written.
  std::vector<Piece> pieces_;
  std::vector<Use> uses_;
  bool gathers_ = false;
};

}  // namespace ucaas_sync::mapping
