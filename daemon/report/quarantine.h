// Who is set aside, and what ends it: entities in quarantine and those that people hold, as one list.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::report {

/// `items`, and after them each hold as an item of the kind "hold"; those of one revert on one key are one item.
std::vector<StoredQuarantine> WithHolds(std::vector<StoredQuarantine> items, std::span<const StoredHold> holds);

/// One sentence: what ends it.
std::string WhatToDo(const StoredQuarantine& item);

/// One item as JSON: {"kind","key","reason","since","source":{"name","line"},"remedy"}
std::string QuarantineItemJson(const StoredQuarantine& item);

/// [item, …]
void WriteQuarantineJson(std::span<const StoredQuarantine> items, std::ostream& out);
void WriteQuarantineText(std::span<const StoredQuarantine> items, std::ostream& out);

}  // namespace ucaas_sync::report
