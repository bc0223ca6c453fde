// `guards.protect`: a filter over the target's fields. Who matches is never touched.
// A value; thread-safe once compiled.
#pragma once

#include <array>

#include "config/diagnostics.h"
#include "daemon/mapping/filter.h"
#include "daemon/model/fields.h"
#include "daemon/model/kind.h"
#include "daemon/model/record.h"
#include "daemon/model/time.h"

namespace ucaas_sync::mapping {

class ProtectFilter {
 public:
  /// Names in `text` are fields of any kind ("user_type", "company"); a name that no kind has is an error at its
  /// column. An empty text protects nobody.
  static ProtectFilter Compile(const config::Text& text, config::Diagnostics& diagnostics);

  /// Dates in the filter are judged against `today` from now on.
  void SetToday(Date today) { filter_.SetToday(today); }
  /// Whether an object of `kind` with these fields is protected. A field that the kind has not, or that is unknown or
  /// unmapped, has no value. What cannot be judged (no date under a date comparison) is protected.
  bool Protects(Kind kind, const FieldSetView& fields) const;

 private:
  Filter filter_;
  std::array<std::array<Slot, kMaxFields>, kKindCount> slots_{};  ///< by kind and field; kNoSlot: cannot be named
};

}  // namespace ucaas_sync::mapping
