// What a plan needs to know of the configuration: per rule what to do with who is empty, absent or there already, and
// the guards. A plain value made once per configuration; the filter of `protect` comes in compiled.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/model/fields.h"
#include "daemon/model/kind.h"
#include "daemon/model/time.h"

namespace ucaas_sync::plan {

/// Fields as bits, by FieldId.
using FieldMask = std::uint16_t;
constexpr FieldMask Bit(FieldId field) {
  return static_cast<FieldMask>(1U << field);
}

/// One rule of the configuration; its index is EntityView::rule.
struct RulePolicy {
  Kind kind = Kind::kUser;
  std::uint16_t source = 0;  ///< Index of its `from` in Policy::sources.
  config::EmptyPolicy empty = config::EmptyPolicy::kKeep;
  FieldMask create_only = 0;  ///< Includes what is sent once anyway.
  config::ExistingPolicy existing = config::ExistingPolicy::kAdopt;
  config::AbsentPolicy absent = config::AbsentPolicy::kSuspend;
  Duration absent_after{24 * 3600 * 1000LL};
  std::optional<Duration> delete_after;
  bool delete_adopted = false;
  std::string left;           ///< The filter's text, for reasons.
  bool maps_members = false;  ///< Groups: has `members`.
  bool nested = false;
  bool has_scope = false;
  /// A record shows the key of what is made of it as one of its values: a rejected one too, as far as it can be read.
  bool shows_key = true;
};

/// What happens to somebody whose record is gone: of the rules that could have made the entity the most careful word.
struct LeavePolicy {
  bool known = false;  ///< False: no rule reads that source for that kind any more; nobody is touched.
  config::AbsentPolicy absent = config::AbsentPolicy::kKeep;
  Duration absent_after{0};
  std::optional<Duration> delete_after;
  bool delete_adopted = false;
  bool maps_members = false;
  bool has_scope = false;  ///< Some rule has a `scope`, which may have left the entity out.
};

/// True for an object of the target (by its fields there) that nothing may touch.
using Protect = std::function<bool(Kind kind, const FieldSetView& fields)>;

struct Policy {
  std::vector<std::string> sources;   ///< Names, in the order of the configuration.
  std::vector<std::string> patterns;  ///< By source: of one that reads several files their pattern, else empty.
  std::vector<RulePolicy> rules;
  config::GuardsConfig guards;
  config::Drift drift = config::Drift::kRepair;
  Protect protect;                     ///< Empty: nothing is protected.
  bool membership = true;              ///< False: memberships are neither compared nor written.
  std::string timezone;                ///< In which a day begins.
  std::uint32_t mapping_version = 1;   ///< Part of every fingerprint: a new one compares everybody in full once.
  bool maps_members() const;           ///< Some group rule has `members`.
  bool has_rule_for(Kind kind) const;  ///< Some rule makes entities of `kind`.
  /// For an entity of `kind` that was last made from `source`.
  LeavePolicy LeavingFrom(Kind kind, std::uint16_t source) const;
  /// Whether every record of `source` shows the keys of all that rules make of it: people, or groups.
  bool ShowsKeys(std::uint16_t source, bool of_groups) const;
  bool reads_several_files(std::uint16_t source) const { return source < patterns.size() && !patterns[source].empty(); }
};

/// From a configuration that was checked.
Policy MakePolicy(const config::Config& config, Protect protect, std::uint32_t mapping_version);

}  // namespace ucaas_sync::plan
