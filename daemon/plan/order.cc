#include "daemon/plan/order.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kPhases = 6;

std::size_t PhaseOf(const Draft& draft) {
  enum : std::size_t { kUsersLeave, kContactsLeave, kGroups, kUsers, kContacts, kGroupsLeave };
  switch (draft.kind) {
    case Kind::kUser:
      // A suspend that also takes an address which somebody else must give up first has to wait for them.
      if (draft.action == Action::kSuspend || draft.action == Action::kDelete) {
        return draft.depth == 0 ? kUsersLeave : kUsers;
      }
      return kUsers;
    case Kind::kGroup:
      return draft.action == Action::kDelete ? kGroupsLeave : kGroups;
    case Kind::kContact:
      return draft.action == Action::kDelete ? kContactsLeave : kContacts;
  }
  return kGroupsLeave;
}

/// The first bytes of a key, as a number that is ordered as they are.
std::uint64_t BeginningOf(std::string_view key) {
  std::uint64_t beginning = 0;
  for (std::size_t i = 0; i < sizeof beginning; ++i) {
    beginning = beginning << 8U | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0U);
  }
  return beginning;
}

/// Puts drafts of one phase into order. Keys lie here and there in memory: of two that begin differently neither is
/// looked at.
void SortPhase(const Workspace& work, std::span<std::uint32_t> indices) {
  const LargeVector<Draft>& drafts = work.drafts.all();
  const auto goes_first = [&](std::uint32_t a, std::uint32_t b) {
    if (drafts[a].depth != drafts[b].depth) return drafts[a].depth < drafts[b].depth;
    return work.KeyOf(drafts[a]) < work.KeyOf(drafts[b]);
  };
  // An export in the order of its keys is common, and seen in one pass.
  if (std::is_sorted(indices.begin(), indices.end(), goes_first)) return;
  struct Place {
    std::uint64_t beginning = 0;
    std::uint32_t depth = 0;
    std::uint32_t index = 0;
  };
  LargeVector<Place> places;
  places.reserve(indices.size());
  for (const std::uint32_t i : indices) {
    places.push_back({.beginning = BeginningOf(work.KeyOf(drafts[i])), .depth = drafts[i].depth, .index = i});
  }
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    if (a.depth != b.depth) return a.depth < b.depth;
    if (a.beginning != b.beginning) return a.beginning < b.beginning;
    return work.KeyOf(drafts[a.index]) < work.KeyOf(drafts[b.index]);
  });
  std::transform(places.begin(), places.end(), indices.begin(), [](const Place& place) { return place.index; });
}

}  // namespace

LargeVector<std::uint32_t> PlanOrder(const Workspace& work) {
  const LargeVector<Draft>& drafts = work.drafts.all();
  std::array<std::size_t, kPhases + 1> begins{};
  for (const Draft& draft : drafts) {
    if (!draft.dropped) ++begins[PhaseOf(draft) + 1];
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  LargeVector<std::uint32_t> order(begins.back());
  std::array<std::size_t, kPhases + 1> next = begins;
  for (std::uint32_t i = 0; i < drafts.size(); ++i) {
    if (!drafts[i].dropped) order[next[PhaseOf(drafts[i])]++] = i;
  }
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    SortPhase(work, std::span(order).subspan(begins[phase], begins[phase + 1] - begins[phase]));
  }
  return order;
}

}  // namespace ucaas_sync::plan
