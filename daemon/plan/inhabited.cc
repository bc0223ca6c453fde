#include "daemon/plan/inhabited.h"

#include <map>
#include <string>
#include <vector>

#include "daemon/model/text.h"

namespace ucaas_sync::plan {
namespace {

bool IsLeaving(const Workspace& work, SlotId group) {
  const Draft* const draft = work.LiveDraft(group);
  return draft != nullptr && draft->action == Action::kDelete;
}

/// `group`: goes because a record that names it says that somebody left. Whoever else is in it and merely missing, for
/// now or behind a rejected record, is not known to have left.
bool StaysAsItIs(const Workspace& work, SlotId contact, SlotId group) {
  const Slot& slot = work.table[contact];
  if (!slot.is_there()) return false;
  if (slot.has(kFrozen) || slot.seen == Seen::kOutOfScope) return true;
  if (work.table[group].seen == Seen::kLeft && slot.seen == Seen::kNot && work.LiveDraft(contact) == nullptr)
    return true;
  return work.policy.protect && work.Protects(contact, View(work.Load(contact).fields));
}

}  // namespace

void KeepInhabitedGroups(Workspace& work) {
  bool has_leaving = false;
  for (SlotId id = 0; id < work.table.known() && !has_leaving; ++id) {
    has_leaving = work.table[id].kind == Kind::kGroup && IsLeaving(work, id);
  }
  if (!has_leaving) return;
  std::map<SlotId, std::string> inhabited;  // group → the key of somebody in it
  const auto consider = [&](SlotId contact, SlotId group) {
    if (contact == kNone || group == kNone || inhabited.contains(group)) return;
    if (IsLeaving(work, group) && StaysAsItIs(work, contact, group)) inhabited.emplace(group, work.KeyOf(contact));
  };
  work.state.ForEachMembership([&](std::int64_t contact, std::int64_t group) {
    consider(work.table.WithRow(contact), work.table.WithRow(group));
  });
  // Also what is only reported (drift: report): the target takes them out all the same.
  for (const SlotId contact : work.drift.slots()) {
    const DriftFinding& finding = *work.drift.Of(contact);
    if (!finding.groups) continue;
    for (const std::string& group : *finding.groups) {
      consider(contact, work.table.Find(Kind::kGroup, HashOf(group)));
    }
  }
  std::vector<std::string> named;
  std::vector<std::string> keys;
  for (const auto& [group, contact] : inhabited) {
    work.drafts.all()[work.table[group].draft].dropped = true;
    const std::string key = work.KeyOf(group);
    work.Note(group, "absence",
              "gone, and kept for now: contact " + contact +
                  " is in it, who is missing, held, set aside, protected or out of scope "
                  "and not to be changed");
    named.push_back(Shorten(key, 40) + " (" + contact + ')');
    keys.push_back(contact);
  }
  if (named.empty()) return;
  const std::string bare = Counted(named.size(), "group is", "groups are") +
                           " gone from the source and kept, while somebody who is not to be changed is in " +
                           (named.size() == 1 ? "it" : "them");
  work.warnings.push_back(Warning(bare + ": " + ListOf(named), bare, std::move(keys)));
}

}  // namespace ucaas_sync::plan
