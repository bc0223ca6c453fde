// What the memberships of a plan leave to be said: members whom nobody finds, lists that are not known, circles.
#include <algorithm>
#include <iterator>

#include "daemon/model/text.h"
#include "daemon/plan/membership.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostInCircle = 20;  // groups of one circle in the warning

/// One group on the way down through the groups within.
struct Step {
  std::uint32_t node = 0;
  std::size_t next = 0;  // child
  const std::string* key = nullptr;
};

/// "A > B > A"; of a long circle its first groups.
std::string CircleText(std::span<const Step> circle) {
  // The circle begins anywhere; its smallest key makes the text the same in every order of reading.
  const auto first =
      std::min_element(circle.begin(), circle.end(), [](const Step& a, const Step& b) { return *a.key < *b.key; });
  const auto start = static_cast<std::size_t>(first - circle.begin());
  std::string text;
  for (std::size_t i = 0; i < std::min(circle.size(), kMostInCircle); ++i) {
    text += *circle[(start + i) % circle.size()].key + " > ";
  }
  return text + (circle.size() > kMostInCircle ? "…" : *first->key);
}

}  // namespace

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
  // A thousand groups that all contain one another make half a million circles: only what is told is kept as text.
  std::set<std::string> told;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> closed;  // by which member of which group
  std::vector<Step> path;
  const auto enter = [&](std::uint32_t node) {
    colours[node] = Colour::kGrey;
    path.push_back({.node = node, .next = 0, .key = &GroupKey(nodes_[node].slot, work)});
  };
  for (std::uint32_t root = 0; root < nodes_.size(); ++root) {
    if (colours[root] != Colour::kWhite) continue;
    enter(root);
    while (!path.empty()) {
      Step& at = path.back();
      const GroupNode& node = nodes_[at.node];
      if (!node.nested || at.next == node.children.size()) {
        colours[at.node] = Colour::kBlack;
        path.pop_back();
        continue;
      }
      const std::uint32_t child = node.children[at.next++];
      if (colours[child] == Colour::kGrey) {
        closed.emplace_back(at.node, child);
        const auto from = std::find_if(path.begin(), path.end(), [&](const Step& step) { return step.node == child; });
        told.insert(CircleText({from, path.end()}));
        if (told.size() > kMostSaid) told.erase(std::prev(told.end()));
      } else if (colours[child] == Colour::kWhite) {
        enter(child);
      }
    }
  }
  if (closed.empty()) return;
  // A group may name another one twice, by its DN and by its key.
  std::sort(closed.begin(), closed.end());
  closed.erase(std::unique(closed.begin(), closed.end()), closed.end());
  std::vector<std::string> circles(told.begin(), told.end());
  if (closed.size() > told.size()) circles.push_back(std::to_string(closed.size() - told.size()) + " more");
  work.WarnLasting("groups contain one another in a circle; each gets the members of all: " +
                   ListOf(circles, circles.size()));
}

}  // namespace ucaas_sync::plan
