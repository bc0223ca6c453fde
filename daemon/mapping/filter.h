// Filters: RFC 4515 over the attributes of any source, compiled to a flat program and judged without allocation.
//
// Beyond the RFC: `<` and `>` beside `<=` and `>=`; white space between components; dates against today on the value
// side of = < > <= >= ("today", "today+7d", "today-3m"; d, w, m, y).
// Comparing: values are trimmed and NFC. Equality and substrings ignore case; ordering is by date when the value side
// is a whole date as the source writes them, numeric when both sides are numbers, else by folded text; ~= looks at
// letters and digits only; (attr=*) needs a value that is not empty. An attribute without a value matches nothing, so a
// negation of it does; what only another source's record could say cannot be judged while that source is silent, nor
// where there is no such record. Of a range without its tail a value that is there matches; that none matches cannot be
// said. Extensible matches know the case, numeric, DN and bit-wise (Active Directory) rules; `:dn:` looks at the DN
// too. A filter is a value; SetToday() apart, it is constant after Compile() and thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "daemon/mapping/dates.h"
#include "daemon/mapping/facts.h"
#include "daemon/model/record.h"
#include "daemon/model/time.h"

namespace ucaas_sync::mapping {

/// Three-valued, as RFC 4511 section 4.5.1.7 has it: a clause that cannot be judged counts only where it decides.
enum class Verdict : std::uint8_t { kNo, kYes, kUndefined };

/// What judging one record found out beside the verdict.
struct Findings {
  enum class Why : std::uint8_t {
    kNothing,
    kMissingRecord,  ///< The attribute would come from a joined record that does not exist.
    kSilentSource,   ///< The attribute comes from a source that cannot be asked now.
    kPartOfRange,    ///< Of the attribute's values there are some: a range without its tail.
    kNoDate,         ///< `value` is no date, and is compared with one.
  };
  struct Cause {
    Why why = Why::kNothing;
    Slot slot = kNoSlot;
    std::string_view value = {};  ///< A view of the record.
  };
  /// Of the first clause that makes the verdict undefined. A missing record is named only where nothing else is amiss.
  Cause cause;
  /// The first day after today on which a judged date clause turns.
  std::optional<Date> turns;
};

/// A filter's text is nested at most this deep.
inline constexpr std::size_t kMaxFilterDepth = 100;

class Filter {
 public:
  /// The number under which an attribute is found in records; called while compiling, with the name's byte offset in
  /// the text.
  using Resolve = std::function<Slot(std::string_view name, std::size_t offset)>;

  /// Everything wrong with `text` goes to `diagnostics` at its column; the filter is then good for nothing.
  /// An empty text gives an empty filter.
  static Filter Compile(const config::Text& text, const Resolve& resolve, config::Diagnostics& diagnostics);

  bool empty() const { return nodes_.empty(); }
  /// Must be called before a filter with dates judges.
  void SetToday(Date today);
  bool has_dates() const { return has_dates_; }

  /// Judges one record; an empty filter says yes. `formats`: how dates are written, by origin (Facts); the first
  /// serves where there is none.
  Verdict Judge(const Facts& facts, std::span<const DateReader> formats, Findings& findings) const;

  const std::string& text() const { return text_; }
  /// The smallest part of the filter that makes its verdict what it is.
  struct Decision {
    std::string_view clause;
    Verdict verdict = Verdict::kYes;  ///< Of the clause; another one than the filter's below a negation.
    std::vector<Slot> slots;          ///< That it looks at, each once.
  };
  /// For explaining one record; not for the hot path. The filter must not be empty.
  Decision Decide(const Facts& facts, std::span<const DateReader> formats) const;

 private:
  friend class FilterParser;

  enum class Op : std::uint8_t {
    kAnd,
    kOr,
    kNot,
    kPresent,
    kEqual,
    kSubstrings,
    kGreaterOrEqual,
    kLessOrEqual,
    kGreater,
    kLess,
    kApproximate,
    kExact,    ///< caseExactMatch
    kNumeric,  ///< integerMatch, numericStringMatch
    kSameDn,   ///< distinguishedNameMatch
    kAllBits,  ///< 1.2.840.113556.1.4.803
    kAnyBit,   ///< 1.2.840.113556.1.4.804
  };
  struct Node {
    Op op = Op::kAnd;
    bool is_date = false;
    bool looks_at_dn = false;
    Slot slot = kNoSlot;
    std::uint32_t text_begin = 0;  ///< Of its parentheses in text_, for Decide.
    std::uint32_t text_end = 0;
    std::uint32_t end = 0;         ///< Index after the last node of this subtree.
    std::uint32_t first_text = 0;  ///< Index into texts_.
    std::uint32_t text_count = 0;  ///< More than one only for substrings.
    bool anchored_at_start = false;
    bool anchored_at_end = false;
    DayOffset offset{};
    Date day{};  ///< What the offset means today.
  };
  /// The value side, in the forms that comparisons need.
  struct Assertion {
    std::string text;    ///< NFC, trimmed
    std::string folded;  ///< For comparing without case; for ~= letters and digits alone; a normal DN for DNs.
    bool is_ascii = false;
    std::uint64_t bits = 0;
    std::string attribute;  ///< For `:dn:`.
  };

  Verdict JudgeNode(std::uint32_t index, const Facts& facts, std::span<const DateReader> formats,
                    Findings& findings) const;
  Verdict JudgeItem(const Node& node, const Facts& facts, std::span<const DateReader> formats,
                    Findings& findings) const;
  Verdict JudgeDate(const Node& node, Date day, const Facts& facts, std::span<const DateReader> formats,
                    Findings& findings) const;
  static bool IsOrdering(Op op);
  /// How the source that the attribute comes from writes dates.
  static const DateReader& ReaderFor(const Node& node, const Facts& facts, std::span<const DateReader> formats);
  static void Blame(const Findings::Cause& cause, Findings& findings);
  bool Matches(const Node& node, std::string_view value) const;
  bool MatchesSubstrings(const Node& node, std::string_view value) const;
  bool MatchesInDn(const Node& node, std::string_view dn) const;

  std::uint32_t FindDecisive(std::uint32_t index, const Facts& facts, std::span<const DateReader> formats) const;

  std::string text_;         ///< As it was written.
  std::vector<Node> nodes_;  ///< Prefix order: a node is followed by its operands.
  std::vector<Assertion> texts_;
  bool has_dates_ = false;
};

}  // namespace ucaas_sync::mapping
