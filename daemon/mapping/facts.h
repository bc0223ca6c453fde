// What filters and templates look at: one record, already trimmed and NFC, and where each attribute came from.
// Views only; valid as long as the record is.
#pragma once

#include <cstdint>
#include <span>

#include "daemon/model/record.h"

namespace ucaas_sync::mapping {

/// Where the attribute of a slot came from: kOwn (the record itself), 1… (the rule's joins, in order), or why it is not
/// there.
using Origin = std::uint8_t;
inline constexpr Origin kOwn = 0;
/// A joined record was looked for and does not exist: the attribute has no value, but nobody said that it is empty.
inline constexpr Origin kNoPartner = 0xFE;
/// Cannot be known now: the partner source is unhealthy, or has two records for the key.
inline constexpr Origin kUnknowable = 0xFF;
/// The values at hand are not all: a range without its tail.
inline constexpr Origin kCutShort = 0xFD;
/// Whether what the record has for the attribute, or that it has nothing, is the whole of it.
constexpr bool IsWhole(Origin origin) {
  return origin < kCutShort;
}

struct Facts {
  const Record& record;
  /// By slot; empty: everything is the record's own.
  std::span<const Origin> origins = {};
  /// The missing joined record may be one that was rejected: a default must not stand in for it.
  bool may_be_rejected = false;
  /// Takes what a missing joined record would have said for a word that it has no value: for asking what a filter would
  /// say then, never for deciding.
  bool takes_missing_for_empty = false;

  Origin OriginOf(Slot slot) const {
    const Origin origin = slot < origins.size() ? origins[slot] : kOwn;
    return origin == kNoPartner && takes_missing_for_empty ? kOwn : origin;
  }
};

}  // namespace ucaas_sync::mapping
