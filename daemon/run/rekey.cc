#include "daemon/run/rekey.h"

#include <algorithm>
#include <map>
#include <set>

#include "daemon/model/text.h"
#include "daemon/plan/addresses.h"
#include "daemon/run/source_words.h"
#include "daemon/run/steps.h"
#include "daemon/run/unanswered.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

bool IsProposed(const StateView& state, const std::string& from, const std::string& to) {
  const std::string proposal = plan::RekeyProposal(from) + ',';
  const std::vector<StoredQuarantine> items = state.Quarantined();
  return std::any_of(items.begin(), items.end(),
                     [&](const StoredQuarantine& item) { return item.key == to && item.reason.starts_with(proposal); });
}

// Either would be left with an account that nobody knows of, and that nobody will ever suspend.
void RefuseWhomWeMayHaveMade(const StateView& state, const std::string& from, const std::string& to) {
  for (const std::string* key : {&to, &from}) {
    if (const auto doubt = DoubtfulCreateOf(state, *key)) {
      throw Failure(ExitCode::kUsage,
                    Printable(from) + " cannot become " + Printable(to) + ": " + *doubt + "; nothing was changed");
    }
  }
}

void RefuseTwoPeople(const Context& context, const StateView& state, const std::string& from, const std::string& to,
                     bool was_proposed) {
  std::set<KindAndKey> who;
  for (const Kind kind : {Kind::kUser, Kind::kContact}) {
    who.emplace(kind, from);
    who.emplace(kind, to);
  }
  const std::map<KindAndKey, SourceWord> words = AskSources(context, state, who);
  for (const Kind kind : {Kind::kUser, Kind::kContact}) {
    const SourceWord& old_word = words.at({kind, from});
    const SourceWord& new_word = words.at({kind, to});
    if (!was_proposed && !old_word.is_present && !old_word.mark) {
      throw Failure(ExitCode::kSource, "whether " + Printable(from) +
                                           " is still in the sources cannot be told, since not all of them can be read "
                                           "whole; nothing was changed");
    }
    if (!old_word.is_present || !new_word.is_present) continue;
    const auto place = [](const SourceWord& word) {
      return "line " + std::to_string(word.place.line) + " of source " + word.place.name;
    };
    throw Failure(ExitCode::kUsage, Printable(from) + " cannot become " + Printable(to) +
                                        ": both are in the sources (" + place(old_word) + " and " + place(new_word) +
                                        "), so they are two people; nothing was changed. If they are one, take " +
                                        Printable(from) + " out of its source, or let `left` match it, first");
  }
}

}  // namespace

Rekeyed Rekey(const Context& context, const std::string& from, const std::string& to) {
  if (to == from) throw Failure(ExitCode::kUsage, "quarantine release: --as names the key that it had before");
  // A run that is under way has planned to create whoever has the new key.
  const auto lock = state::RunLock::Acquire(context.program.config.state_dir, context.clock.Now());
  const auto store = OpenState(context, state::OpenMode::kReadWrite);
  RefuseWhomWeMayHaveMade(*store, from, to);
  const bool was_proposed = IsProposed(*store, from, to);
  try {
    RefuseTwoPeople(context, *store, from, to, was_proposed);
  } catch (const Failure& failure) {
    // The run that proposed it had read them whole.
    if (failure.code() != ExitCode::kSource || !was_proposed) throw;
  }
  return {.kinds = store->Rekey(from, to, context.clock.Now()), .was_proposed = was_proposed};
}

}  // namespace ucaas_sync::run
