// What a whole snapshot says of its own fitness, beyond being complete: is there anybody, has everybody a key, does
// somebody carry each attribute that a rule names? So a renamed column cannot blank a department or let leavers
// through. Pure; single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/model/problem.h"
#include "daemon/model/source.h"

namespace ucaas_sync::mapping {

struct CompiledSource;
struct Partner;
struct RuleBook;

struct SourceCheck {
  /// An attribute that a rule names, that an LDIF source could carry (alone or joined), and that no record carries: a
  /// problem only if the last good snapshot of `source` carried it, since entries differ. One for each source that
  /// could carry it: what the leading CSV file lost is not excused by a partner that never had it.
  struct Uncarried {
    std::size_t source = 0;  ///< Index of the source that could have carried it.
    std::string attribute;   ///< Lower case, as in `filled`.
    Problem problem;
  };

  /// Attribute (lower case) → records with a value, for every attribute that some rule names; zeros included.
  std::vector<std::pair<std::string, std::uint64_t>> filled;
  /// Those of `filled` from which a template takes a value: what `fill_drop` watches. What only filters name may come
  /// and go with the people, such as an end date.
  std::vector<std::pair<std::string, std::uint64_t>> mapped;
  /// Zero records, a key column missing or blank, a named column missing or blank: the source cannot be used (exit 5),
  /// and no approval helps. Empty for a snapshot that is incomplete anyway.
  std::vector<Problem> problems;
  std::vector<Uncarried> uncarried;
  /// Some record may name a group, and what the group is cannot be known: that none names a group proves nothing.
  bool hides_groups = false;
};

/// What was counted while a source was read.
struct SourceCounts {
  std::uint64_t records = 0;
  std::uint64_t passed = 0;           ///< Those that the source's filter let through.
  std::vector<std::uint64_t> filled;  ///< By slot: records with a value.
};

/// Whether a record of the source may have the attribute: of a CSV file its heading tells.
bool MayHaveAttribute(const CompiledSource& source, std::string_view name, const Snapshot& snapshot);

SourceCheck CheckSource(const RuleBook& book, std::size_t source, const SourceCounts& counts,
                        const std::vector<Partner>& partners, const Snapshot& snapshot);

}  // namespace ucaas_sync::mapping
