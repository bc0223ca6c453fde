// What was changed at the target by somebody else: how an object differs from what the state says of it, and what
// became of our putting it back. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/model/fields.h"
#include "daemon/model/hash.h"
#include "daemon/model/time.h"

namespace ucaas_sync {

/// One entity that the target does not show as the state says.
struct DriftFinding {
  std::int64_t entity_id = 0;
  bool missing = false;                          ///< Its object is gone. Nothing else is then said.
  std::vector<std::pair<FieldId, Field>> shown;  ///< The fields that differ, as the target shows them.
  /// Contacts whose membership differs: keys of the groups that it is in, sorted. Groups of others are left out.
  std::optional<std::vector<std::string>> groups;
  friend bool operator==(const DriftFinding&, const DriftFinding&) = default;
};

struct Operation;

/// What is still to be found once the row says `fields` and `groups`: neither what `operation` has written (null: there
/// was none) nor what the row says as well. Nothing when all of it is settled.
std::optional<DriftFinding> StillFound(const DriftFinding& finding, const Operation* operation, const FieldSet& fields,
                                       const std::vector<std::string>& groups);

/// A field that was put back. From the second round in turn on, a target that shows it otherwise again is known to
/// rewrite it, and it is left alone while `wanted` is what the source says.
struct DriftRepair {
  std::int64_t entity_id = 0;
  FieldId field = 0;
  std::string wanted;  ///< What we wrote; empty for an empty field.
  std::string shown;   ///< What the target had made of it.
  std::uint32_t rounds = 1;
  friend bool operator==(const DriftRepair&, const DriftRepair&) = default;
};
inline constexpr std::uint32_t kDriftRounds = 2;

/// An attribute that the target keeps rewriting, for people.
struct LeftAlone {
  Kind kind = Kind::kUser;
  std::string key;
  FieldId field = 0;
  std::string wanted;  ///< What the source says; empty for an empty field.
  std::string shown;   ///< What the target makes of it.
  Instant since;       ///< When it was put back for the last time.
  friend bool operator==(const LeftAlone&, const LeftAlone&) = default;
};

/// Nothing to send for an entity: the target was changed to what the source says, or where no record or rule says
/// anything. The state takes it over.
struct DriftAcceptance {
  std::int64_t entity_id = 0;
  bool gone = false;  ///< Its object is gone, and nobody wants it back.
  std::vector<std::pair<FieldId, Field>> shown;
  std::optional<std::vector<std::string>> groups;
  bool is_unlike_record = false;  ///< No record was there to compare with: the next one is compared in full.
  friend bool operator==(const DriftAcceptance&, const DriftAcceptance&) = default;
};

/// How far the comparison of everything at the target has come. It goes page by page and may take several runs.
struct RefreshCursor {
  std::optional<Instant> finished_at{};  ///< When everything had been looked at last.
  std::optional<Instant> not_before{};   ///< After one that had to be given up: when to begin anew.
  std::optional<Instant> started_at{};   ///< Of the one under way; nothing between two.
  std::uint32_t step = 0;                ///< The kind whose list is read; kKindCount: those whom no list showed.
  std::uint64_t position = 0;            ///< The last page read; in the last step the last entity looked up.
  friend bool operator==(const RefreshCursor&, const RefreshCursor&) = default;
};

/// What stands for an object of the target where many of them are remembered.
inline std::uint64_t RemoteDigest(Kind kind, std::string_view remote_id) {
  return HashOf(remote_id, Index(kind) + 1).low;
}

/// What one part of a refresh found; kept together with how far it came.
struct RefreshProgress {
  RefreshCursor cursor;
  std::vector<std::uint64_t> seen;     ///< Digests of the objects that were listed.
  std::vector<DriftFinding> found;     ///< Each replaces what was found of its entity before.
  std::vector<std::int64_t> agreeing;  ///< Nothing is to be found of these any more.
  /// Everything was looked at: digests of what is not ours. Nothing: who was others' before stays so.
  std::optional<std::vector<std::uint64_t>> others{};
};

}  // namespace ucaas_sync
