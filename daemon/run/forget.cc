#include "daemon/run/forget.h"

#include <optional>
#include <set>

#include "daemon/model/text.h"
#include "daemon/run/source_words.h"
#include "daemon/run/steps.h"
#include "daemon/run/unanswered.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

constexpr Kind kPersonKinds[] = {Kind::kUser, Kind::kContact};

Failure NotYet(const std::string& key, const std::string& why) {
  return {ExitCode::kUsage, Printable(key) + " cannot be forgotten yet: " + why + "; nothing was erased"};
}

// What a source still says would be fetched again by the next run.
void RefuseWhomSourcesKnow(const Context& context, const StateView& state, const std::string& key) {
  std::set<KindAndKey> who;
  for (const Kind kind : kPersonKinds) who.emplace(kind, key);
  for (const auto& [whom, word] : AskSources(context, state, who)) {
    if (!word.is_present) continue;
    throw NotYet(key, "line " + std::to_string(word.place.line) + " of source " + word.place.name + " still makes a " +
                          std::string(Name(whom.first)) +
                          " of this key, and the next run would bring everything back; take it out of the source, or "
                          "let `left` match it, and forget it when it is gone from the account");
  }
}

std::optional<std::string> WhatRemains(const StoredEntity& row) {
  const std::string object = std::string(Name(row.kind)) + ' ' + row.remote_id;
  const std::string foreign = "; it is nobody's we know any more, and no run will touch it: delete it there by hand";
  switch (row.lifecycle) {
    case Lifecycle::kGone:
      return std::nullopt;
    case Lifecycle::kSuspended:
      return object + " is still in the account, suspended" + foreign;
    case Lifecycle::kActive:
      return object + " is still in the account, where it was before us" + foreign;
  }
  return std::nullopt;
}

void RefuseWhomWeLookAfter(const StoredEntity& row) {
  if (row.lifecycle != Lifecycle::kActive) return;
  // What we adopted and may not remove would stay for ever.
  if (row.kind == Kind::kContact && row.ownership == Ownership::kAdopted) return;
  throw NotYet(row.key,
               std::string(Name(row.kind)) + ' ' + row.remote_id +
                   " is active in the account; that is for a run to end, once the source says so and nobody is "
                   "held (`ucaas-sync status` says when it is due)");
}

}  // namespace

std::string WhomToForget(const Context& context, const std::string& who) {
  const auto store = OpenState(context, state::OpenMode::kReadOnly);
  const std::vector<std::string> keys = store->KeysOf(who);
  if (keys.empty()) return {};
  if (keys.size() == 1) return keys.front();
  std::string list;
  for (const std::string& key : keys) list += (list.empty() ? "" : ", ") + Printable(key);
  throw Failure(ExitCode::kUsage, Printable(who) + " was the e-mail of several: " + list +
                                      "; nothing was erased; name the one that is meant by its key");
}

ForgetResult Forget(const Context& context, const std::string& key) {
  const auto lock = state::RunLock::Acquire(context.program.config.state_dir, context.clock.Now());
  const auto store = OpenState(context, state::OpenMode::kReadWrite);
  ForgetResult result;
  for (const Kind kind : kPersonKinds) {
    const auto row = store->Find(kind, key);
    if (!row) continue;
    RefuseWhomWeLookAfter(*row);
    if (store->HasUnknownChange(row->id)) {
      throw NotYet(key, "a change of this " + std::string(Name(kind)) +
                            " was sent and never answered, so it may be active in the account; run `ucaas-sync sync` "
                            "first, which asks");
    }
    if (auto remains = WhatRemains(*row)) result.remains.push_back(*std::move(remains));
  }
  RefuseWhomSourcesKnow(context, *store, key);
  // An account that nobody knows of is one that nobody will ever suspend.
  if (const auto doubt = DoubtfulCreateOf(*store, key)) throw NotYet(key, *doubt);
  result.erased = store->Forget(key, context.clock.Now());
  return result;
}

}  // namespace ucaas_sync::run
