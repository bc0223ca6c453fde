// What the memberships of a plan leave to be said: members whom nobody finds, lists that are not known, circles.
#include <algorithm>

#include "daemon/model/text.h"
#include "daemon/plan/membership.h"

namespace ucaas_sync::plan {

void Membership::ReportUnfound(std::uint64_t members, std::vector<std::string> groups, Workspace& work) const {
  std::sort(groups.begin(), groups.end());
  const std::string count = Counted(members, "member");
  const std::string named = ListOf(groups, kMostSaid);
  if (contacts_without_dn_ == 0) {
    work.WarnLasting(count + " of groups are nobody that a contacts rule makes: left out, in " + named);
    return;
  }
  work.WarnLasting(
      count + " of groups are not found, in " + named +
      "; they may be contacts whose DN is not known, because a record that they are joined with is missing (" +
      Counted(contacts_without_dn_, "contact") + "): none of those is taken out of these groups");
}

void Membership::ReportUnknown(Workspace& work) const {
  std::vector<std::string> groups;
  for (const GroupNode& node : nodes_) {
    if (node.unknown) groups.push_back(GroupKey(node.slot, work));
  }
  if (groups.empty()) return;
  std::sort(groups.begin(), groups.end());
  work.WarnLasting("the members of " + Counted(groups.size(), "group") +
                   " are not known, because the source has only a part of them (a range without its tail): " +
                   "nobody is taken out of " + ListOf(groups, kMostSaid));
}

void Membership::ReportKept(Workspace& work) const {
  const auto keys_of = [&](const std::set<SlotId>& groups) {
    std::vector<std::string> keys;
    for (const SlotId group : groups) keys.push_back(GroupKey(group, work));
    std::sort(keys.begin(), keys.end());
    return ListOf(keys, kMostSaid);
  };
  if (!kept_for_rejects_.empty()) {
    work.WarnLasting("nobody is taken out of " + keys_of(kept_for_rejects_) +
                     " until the rejected records are mended: one of them may be a group within, since not all members "
                     "are found");
  }
  std::set<SlotId> within;
  std::set<SlotId> around;
  for (const auto& [group, missing] : kept_for_missing_) {
    around.insert(group);
    within.insert(missing);
  }
  if (!around.empty()) {
    work.WarnLasting("who is in a group that is missing from the source (" + keys_of(within) +
                     ") stays in those that may contain it (" + keys_of(around) +
                     ") until it is there again or deleted");
  }
}

void Membership::ReportCycles(Workspace& work) const {
  enum class Colour : std::uint8_t { kWhite, kGrey, kBlack };
  std::vector<Colour> colours(nodes_.size(), Colour::kWhite);
  std::vector<std::string> cycles;
  std::vector<std::pair<std::uint32_t, std::size_t>> path;  // node, next child
  for (std::uint32_t root = 0; root < nodes_.size(); ++root) {
    if (colours[root] != Colour::kWhite) continue;
    path.emplace_back(root, 0);
    colours[root] = Colour::kGrey;
    while (!path.empty()) {
      auto& [at, next] = path.back();
      const GroupNode& node = nodes_[at];
      if (!node.nested || next == node.children.size()) {
        colours[at] = Colour::kBlack;
        path.pop_back();
        continue;
      }
      const std::uint32_t child = node.children[next++];
      if (colours[child] == Colour::kGrey) {
        std::vector<std::string> keys;
        auto from = std::find_if(path.begin(), path.end(), [&](const auto& step) { return step.first == child; });
        for (; from != path.end(); ++from) keys.push_back(GroupKey(nodes_[from->first].slot, work));
        // The circle begins anywhere; its smallest key makes the text the same in every order of reading.
        std::rotate(keys.begin(), std::min_element(keys.begin(), keys.end()), keys.end());
        std::string text;
        for (const std::string& key : keys) text += key + " > ";
        cycles.push_back(text + keys.front());
      } else if (colours[child] == Colour::kWhite) {
        colours[child] = Colour::kGrey;
        path.emplace_back(child, 0);
      }
    }
  }
  if (cycles.empty()) return;
  std::sort(cycles.begin(), cycles.end());
  work.WarnLasting("groups contain one another in a circle; each gets the members of all: " +
                   ListOf(cycles, kMostSaid));
}

}  // namespace ucaas_sync::plan
