// A record and what its partners in other sources add to it.
// Partners are read first and kept by key, only as far as somebody needs them. Single-threaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/mapping/facts.h"
#include "daemon/mapping/keyed_records.h"
#include "daemon/mapping/rejected_values.h"
#include "daemon/mapping/rules.h"
#include "daemon/model/record.h"

namespace ucaas_sync::mapping {

/// What was read of a source that others join.
struct Partner {
  KeyedRecords records;
  std::vector<bool> carried;  ///< By slot: some record has a value.
  std::vector<bool> hidden;   ///< By slot: a record that the reader rejects may have one.
  bool is_healthy = false;    ///< Read to the end, complete and without problems.
  bool has_rejects = false;   ///< Whoever has no record may be one of them.
  RejectedValues rejected;    ///< Whoever has a record and a key among them may have two.

  /// Whether the records that were taken may have a value in `slot` at all.
  bool carries(Slot slot) const { return !is_healthy || (slot < carried.size() && carried[slot]); }
  /// The same of all of its records, those that are rejected too.
  bool may_carry(Slot slot) const { return carries(slot) || (slot < hidden.size() && hidden[slot]); }
};

/// The leading record with the attributes that it lacks and its partners have. Reused from record to record.
struct JoinedRecord {
  Record record;
  std::vector<Origin> origins;
  /// Why a partner's attributes cannot be known for this record ("two records in directory with …"); empty when they
  /// can, or when the partner source as a whole is unhealthy.
  std::string trouble;
  /// A partner that has no record with the key rejected some.
  bool may_be_rejected = false;
  /// False: `record` has no DN, and a partner may have one whose record is missing or cannot be known.
  bool dn_known = true;

  Facts facts() const { return {.record = record, .origins = origins, .may_be_rejected = may_be_rejected}; }
};

/// Gives each attribute of `record` that lacks the tail of its range the origin kCutShort. `origins` are those of a
/// joined record of `source`, or none; false, and they stay as they are, when nothing is cut short.
bool MarkCutShort(const CompiledSource& source, const Record& record, std::vector<Origin>& origins);

/// Fills `joined` from `own` for `rule`. A value of the leading record wins; of several partners the first that has
/// one.
void Join(const CompiledRule& rule, const std::vector<CompiledSource>& sources, const std::vector<Partner>& partners,
          const Record& own, Record& partner_record, JoinedRecord& joined);

}  // namespace ucaas_sync::mapping
