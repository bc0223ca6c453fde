// What the sources say of a few people, without planning anything: for revert and forget.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "daemon/model/entity.h"
#include "daemon/model/hash.h"
#include "daemon/run/pipeline.h"

namespace ucaas_sync::run {

using KindAndKey = std::pair<Kind, std::string>;

struct SourceWord {
  std::optional<Hash128> mark;  ///< See plan::MarkOf; nothing when it cannot be told.
  bool is_present = false;      ///< A rule makes an account of the record, or would if it could.
  SourceRef place;              ///< Of the first record.
};

/// A word for each of `who`. Reads every source once; throws Failure (kSource) when a required one cannot be used.
std::map<KindAndKey, SourceWord> AskSources(const Context& context, const StateView& state,
                                            const std::set<KindAndKey>& who);

}  // namespace ucaas_sync::run
