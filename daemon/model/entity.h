// An entity as mapping yields it: a desired user, group or contact, or the word that somebody left, is out of scope or
// cannot be mapped. Views are valid during the call only; whoever keeps an entity copies it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/model/fields.h"
#include "daemon/model/hash.h"
#include "daemon/model/kind.h"
#include "daemon/model/time.h"

namespace ucaas_sync {

/// Where something was read: "hr line 18".
struct SourceRef {
  std::string name;  ///< The source's name.
  std::uint64_t line = 0;
  std::string dn;  ///< Empty for CSV.
  friend bool operator==(const SourceRef&, const SourceRef&) = default;
};

enum class Standing : std::uint8_t {
  kPresent,
  kLeft,         ///< The record matches `left`: evidence.
  kFilteredOut,  ///< Its record does not match `filter`: absent; `reason` names the filter and its place.
  kOutOfScope,   ///< Neither created, changed nor removed, and not absent.
  kQuarantined,  ///< Cannot be mapped; `reason` says why. Frozen, not absent.
  kUndecided,    ///< A rejected record may be what decides whether it is wanted: whoever is known stays as they are.
};

struct EntityView {
  Kind kind = Kind::kUser;
  Standing standing = Standing::kPresent;
  std::string_view key;  ///< Trimmed, NFC, case kept; never empty.
  FieldSetView fields;   ///< NFC, trimmed. Meaningful when kPresent, as far as known when kLeft.
  /// For kQuarantined, kUndecided and kFilteredOut. For kPresent: why, for want of a joined record, nobody can tell
  /// whether it left; on such a word nobody comes back.
  std::string_view reason;
  bool may_be_rejected = false;  ///< kPresent: a reject may be it, so nobody is new. kFilteredOut: it may have left.
  bool is_in_scope = false;      ///< kFilteredOut: its rule has a scope, which it is in.
  std::uint16_t rule = 0;        ///< Index of its rule among all rules of the configuration.
  std::uint16_t source = 0;      ///< Index of the rule's source (`from`) among all sources.
  std::uint64_t line = 0;
  std::string_view dn;            ///< The record's DN, or the joined record's; empty for CSV alone.
  bool dn_known = true;           ///< False: a record that it is joined with may carry its DN, and is missing.
  std::optional<Date> leaves_on;  ///< For kPresent: the day on which the record as it is begins to match `left`.
  Hash128 record_hash;            ///< Of the record's kept values: byte-identical records of one key collapse.

  /// Contacts: the names of the groups it belongs to by its own record, without repeats; unknown when !groups_known.
  std::span<const std::string_view> groups;
  bool maps_groups = false;  ///< The rule has `groups`.
  bool groups_known = true;

  /// Groups: DNs or keys of its members; unknown (a range without its tail) when !members_known.
  std::span<const std::string_view> members;
  bool maps_members = false;  ///< The rule has `members`.
  bool members_known = true;
};

/// A rejected record's values, trimmed and NFC: each is compared with the known keys.
struct RejectView {
  std::uint16_t source = 0;
  std::string_view file;
  std::uint64_t line = 0;
  std::string_view reason;
  std::span<const std::string_view> values;
  /// The record is fit for its people, and only what group it names cannot be known: `values` is empty.
  bool hides_groups_alone = false;
};

/// Receives what mapping yields. Kinds come in any order; one key may come more than once (that is for the sink to
/// judge).
class EntitySink {
 public:
  virtual ~EntitySink() = default;
  virtual void OnEntity(const EntityView& entity) = 0;
  virtual void OnReject(const RejectView& reject) = 0;
};

}  // namespace ucaas_sync
