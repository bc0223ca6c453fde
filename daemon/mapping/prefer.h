// `prefer`: which of several records with one key leads.
// A value; constant and thread-safe after Compile but for SetToday().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "daemon/mapping/dates.h"
#include "daemon/mapping/filter.h"
#include "daemon/model/record.h"

namespace ucaas_sync::mapping {

class Preference {
 public:
  /// Clauses are "(filter)", "newest ATTRIBUTE" and "oldest ATTRIBUTE", the first that tells two records apart decides.
  static Preference Compile(std::span<const config::Text> clauses, const Filter::Resolve& resolve,
                            config::Diagnostics& diagnostics);

  bool empty() const { return clauses_.empty(); }
  void SetToday(Date today);

  /// One number for each clause; of two records the one whose rank is greater leads. A record without a date loses
  /// against one that has it. Nothing, with the reason in `findings`, when a value that must be a date is none, or a
  /// filter cannot be judged.
  std::optional<std::vector<std::int64_t>> Rank(const Facts& facts, const DateReader& dates, Findings& findings) const;

 private:
  enum class Order : std::uint8_t { kMatching, kNewest, kOldest };
  struct Clause {
    Order order = Order::kMatching;
    Filter filter;
    Slot slot = kNoSlot;
  };
  std::vector<Clause> clauses_;
};

}  // namespace ucaas_sync::mapping
