#include "daemon/run/refresh.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "connectors/ucaas/client.h"
#include "connectors/ucaas/said.h"
#include "daemon/model/text.h"
#include "daemon/run/lookup.h"

namespace ucaas_sync::run {
namespace {

constexpr std::size_t kLookUpsAtOnce = 16;
// After a list that cannot be believed the target is not asked for everything again at once.
constexpr int kWaitAfterGivingUp = 4;  // in parts of schedule.refresh

std::string KindList(Kind kind, std::uint64_t page) {
  return "the list of " + std::string(Name(kind)) + "s, page " + std::to_string(page);
}

/// Who may be under another id or address by now, since nobody answered a change of theirs: that they are gone is said
/// once that was looked up.
std::set<std::int64_t> MayHaveMoved(const state::SqliteStore& store) {
  const std::vector<std::int64_t> ids = store.UnknownChanges();
  return {ids.begin(), ids.end()};
}

}  // namespace

Instant RefreshDue(const RefreshCursor& cursor, Duration every, Instant now) {
  if (cursor.started_at) return *cursor.started_at;
  // A clock that was set back must not put it off for years.
  const bool is_sane = cursor.finished_at && *cursor.finished_at <= now;
  const Instant due = is_sane ? *cursor.finished_at + every : now;
  if (!cursor.not_before || *cursor.not_before > now + every) return due;
  return std::max(due, *cursor.not_before);
}

bool IsListed(const plan::Policy& policy, Kind kind) {
  return policy.has_rule_for(kind) || (kind == Kind::kGroup && policy.has_rule_for(Kind::kContact));
}

std::optional<std::vector<std::uint64_t>> OthersOf(std::vector<std::uint64_t> seen, const state::SqliteStore& store) {
  if (!store.UnknownCreates().empty() || !store.UnansweredUpdates().empty()) return std::nullopt;
  std::vector<std::uint64_t> ours;
  store.ForEachRemote(
      [&ours](std::int64_t, Kind kind, std::string_view remote_id) { ours.push_back(RemoteDigest(kind, remote_id)); });
  std::sort(ours.begin(), ours.end());
  std::erase_if(seen, [&](std::uint64_t digest) { return std::binary_search(ours.begin(), ours.end(), digest); });
  return seen;
}

Refresh::Refresh(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                 Observer& observer, const RefreshOptions& options)
    : store_(store),
      caller_(caller),
      policy_(policy),
      clock_(clock),
      observer_(observer),
      options_(options),
      scope_(plan::DriftScopeOf(policy)) {}

void Refresh::Continue() {
  Begin(clock_.Now());
  Step step = Step::kMore;
  while (step == Step::kMore && progress_.cursor.step <= kKindCount) {
    if (IsOver()) {
      step = Step::kPause;
      why_ = "its time is up for this run";
    } else {
      step = progress_.cursor.step < kKindCount ? ReadPage() : LookUpSome();
    }
  }
  if (step == Step::kGiveUp) {
    GiveUp();
  } else if (step == Step::kPause) {
    Save(clock_.Now());
    observer_.OnEvent({.id = EventId::kRefreshPaused,
                       .text = "comparing the target with the state goes on with the next run: " + Printable(why_)});
  } else {
    Finish();
  }
}

void Refresh::Begin(Instant now) {
  begun_ = saved_ = clock_.Ticks();
  progress_.cursor = store_.Refresh();
  RefreshCursor& cursor = progress_.cursor;
  // What was seen long ago says little of who is there now.
  if (cursor.started_at && (*cursor.started_at > now || now - *cursor.started_at > options_.every)) {
    cursor.started_at.reset();
  }
  if (cursor.started_at) {
    seen_ = store_.RefreshSeen();
    std::sort(seen_.begin(), seen_.end());
  } else {
    cursor.started_at = now;
    cursor.step = 0;
    cursor.position = 0;
  }
  store_.ForEachRemote([this](std::int64_t id, Kind kind, std::string_view remote_id) {
    if (IsListed(policy_, kind)) known_.push_back({.digest = RemoteDigest(kind, remote_id), .id = id});
  });
  std::vector<std::int64_t> groups;
  store_.ForEachKnown([&groups](const KnownEntity& known) {
    if (known.kind == Kind::kGroup && known.lifecycle != Lifecycle::kGone) groups.push_back(known.id);
  });
  for (const std::int64_t id : groups) {
    StoredEntity group = store_.Load(id);
    groups_.emplace(std::move(group.remote_id), std::move(group.key));
  }
  std::sort(known_.begin(), known_.end(), [](const Known& a, const Known& b) { return a.digest < b.digest; });
  for (const DriftFinding& finding : store_.Drift()) found_before_.push_back(finding.entity_id);
}

bool Refresh::IsOver() const {
  return clock_.Ticks() - begun_ >= options_.slice;
}

std::int64_t Refresh::KnownWith(std::uint64_t digest) const {
  const auto it = std::lower_bound(known_.begin(), known_.end(), digest,
                                   [](const Known& known, std::uint64_t wanted) { return known.digest < wanted; });
  return it != known_.end() && it->digest == digest ? it->id : 0;
}

Refresh::Step Refresh::ReadPage() {
  RefreshCursor& cursor = progress_.cursor;
  const Kind kind = kAllKinds[cursor.step];
  if (!IsListed(policy_, kind)) {
    ++cursor.step;
    return Step::kMore;
  }
  ucaas::Call call;
  call.verb = ucaas::Verb::kList;
  call.kind = kind;
  call.page = static_cast<std::uint32_t>(cursor.position + 1);
  const std::optional<ucaas::CallResult> answer = Ask(caller_, std::move(call));
  if (!answer || answer->verdict != ucaas::Verdict::kOk) {
    why_ = KindList(kind, cursor.position + 1) + ": " +
           (answer              ? ucaas::ToldOf(*answer)
            : caller_.stopped() ? caller_.stopped()->because
                                : "no answer");
    // An outage passes; a list that is refused will be refused again.
    const bool may_pass = !answer || answer->verdict == ucaas::Verdict::kRetry;
    return may_pass ? Step::kPause : Step::kGiveUp;
  }
  if (answer->objects.empty()) {
    ++cursor.step;
    cursor.position = 0;
    return Step::kMore;
  }
  std::vector<std::uint64_t> digests;
  for (const ucaas::RemoteObject& object : answer->objects) {
    const std::uint64_t digest = RemoteDigest(kind, object.remote_id);
    if (!std::binary_search(seen_.begin(), seen_.end(), digest)) digests.push_back(digest);
  }
  std::sort(digests.begin(), digests.end());
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  if (digests.empty()) {
    why_ = KindList(kind, cursor.position + 1) + " repeats earlier ones";
    return Step::kGiveUp;
  }
  for (const ucaas::RemoteObject& object : answer->objects) {
    const std::int64_t id = KnownWith(RemoteDigest(kind, object.remote_id));
    if (id != 0) Compare(id, AsListed(kind, object));
  }
  const auto middle = static_cast<std::ptrdiff_t>(seen_.size());
  seen_.insert(seen_.end(), digests.begin(), digests.end());
  std::inplace_merge(seen_.begin(), seen_.begin() + middle, seen_.end());
  progress_.seen.insert(progress_.seen.end(), digests.begin(), digests.end());
  ++cursor.position;
  observer_.OnProgress("compare", seen_.size(), 0);
  if (++unsaved_pages_ >= options_.pages_per_commit || clock_.Ticks() - saved_ >= options_.commit_after) Save({});
  return Step::kMore;
}

void Refresh::Compare(std::int64_t id, const plan::TargetListing::Object& shown) {
  const StoredEntity stored = store_.Load(id);
  if (stored.kind != shown.kind || stored.remote_id != shown.remote_id) return;
  if (auto finding = plan::DriftOf(stored, shown, scope_, groups_)) {
    progress_.found.push_back(*std::move(finding));
  } else if (std::binary_search(found_before_.begin(), found_before_.end(), id)) {
    progress_.agreeing.push_back(id);
  }
}

// Pages shift while they are read, so a list alone does not prove that somebody is gone.
Refresh::Step Refresh::LookUpSome() {
  RefreshCursor& cursor = progress_.cursor;
  if (!has_unseen_) {
    has_unseen_ = true;
    for (const Known& known : known_) {
      if (!std::binary_search(seen_.begin(), seen_.end(), known.digest)) unseen_.push_back(known.id);
    }
    std::sort(unseen_.begin(), unseen_.end());
    if (!unseen_.empty()) unanswered_ = MayHaveMoved(store_);
  }
  auto next = std::upper_bound(unseen_.begin(), unseen_.end(), static_cast<std::int64_t>(cursor.position));
  if (next == unseen_.end()) {
    ++cursor.step;
    return Step::kMore;
  }
  const auto end = next + std::min<std::ptrdiff_t>(kLookUpsAtOnce, unseen_.end() - next);
  std::vector<StoredEntity> wanted;
  for (; next != end; ++next) wanted.push_back(store_.Load(*next));
  const std::vector<LookedUp> answers = LookUp(caller_, wanted);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    switch (answers[i].presence) {
      case Presence::kThere:
        Compare(wanted[i].id, answers[i].object);
        break;
      case Presence::kGone:
        if (unanswered_.contains(wanted[i].id)) break;
        progress_.found.push_back({.entity_id = wanted[i].id, .missing = true, .shown = {}, .groups = {}});
        break;
      case Presence::kUnknown:
        why_ = std::string(Name(wanted[i].kind)) + ' ' + wanted[i].key + " cannot be looked up: " + answers[i].why;
        return answers[i].may_pass ? Step::kPause : Step::kGiveUp;
    }
    cursor.position = static_cast<std::uint64_t>(wanted[i].id);
  }
  Save({});
  return Step::kMore;
}

void Refresh::Save(const std::optional<Instant>& wake_at) {
  store_.RecordRefresh(progress_, wake_at);
  progress_.seen.clear();
  progress_.found.clear();
  progress_.agreeing.clear();
  unsaved_pages_ = 0;
  saved_ = clock_.Ticks();
}

void Refresh::Finish() {
  const Instant now = clock_.Now();
  RefreshCursor& cursor = progress_.cursor;
  cursor = {.finished_at = now, .not_before = {}, .started_at = {}, .step = 0, .position = 0};
  progress_.others = OthersOf(seen_, store_);
  store_.RecordRefresh(progress_, now + options_.every);
  std::uint64_t gone = 0;
  const std::vector<DriftFinding> found = store_.Drift();
  for (const DriftFinding& finding : found) gone += finding.missing ? 1 : 0;
  std::string text = "the target was compared with the state: " + Counted(seen_.size(), "object") + ", ";
  if (found.empty()) {
    observer_.OnEvent({.id = EventId::kRefreshFinished, .text = text + "nothing was changed there"});
    return;
  }
  // The next poll has something to do, whether a source changed or not.
  store_.RecordRefresh({.cursor = cursor, .seen = {}, .found = {}, .agreeing = {}}, now);
  text += Counted(found.size() - gone, "was changed there", "were changed there") + " by somebody else, " +
          Counted(gone, "is gone", "are gone") + "; the next plan says who, and what becomes of it";
  observer_.OnEvent({.id = EventId::kRefreshFoundDrift, .text = text});
}

void Refresh::GiveUp() {
  const Instant again = clock_.Now() + options_.every / kWaitAfterGivingUp;
  RefreshCursor& cursor = progress_.cursor;
  cursor = {.finished_at = cursor.finished_at, .not_before = again, .started_at = {}, .step = 0, .position = 0};
  // Of whom something was seen to differ, it was seen; that somebody is gone was not.
  store_.RecordRefresh(progress_, again);
  observer_.OnEvent({.id = EventId::kRefreshGivenUp,
                     .text = "comparing the target with the state is put off until " + FormatInstant(again) +
                             ", since its lists cannot be believed: " + Printable(why_) +
                             "; what differs was noted, who may be gone is not known"});
}

std::vector<DriftFinding> CompareListing(const plan::TargetListing& listing, const state::SqliteStore& store,
                                         const plan::Policy& policy, apply::Caller& caller) {
  struct Entry {
    std::uint64_t digest = 0;
    const plan::TargetListing::Object* object = nullptr;
  };
  std::vector<Entry> listed;
  for (const auto& objects : listing.objects) {
    for (const auto& object : objects) {
      listed.push_back({.digest = RemoteDigest(object.kind, object.remote_id), .object = &object});
    }
  }
  std::sort(listed.begin(), listed.end(), [](const Entry& a, const Entry& b) { return a.digest < b.digest; });
  const plan::DriftScope scope = plan::DriftScopeOf(policy);
  std::vector<std::pair<std::int64_t, std::uint64_t>> known;
  plan::GroupKeys groups;
  std::vector<std::int64_t> group_rows;
  store.ForEachRemote([&](std::int64_t id, Kind kind, std::string_view remote_id) {
    if (IsListed(policy, kind)) known.emplace_back(id, RemoteDigest(kind, remote_id));
    if (kind == Kind::kGroup) group_rows.push_back(id);
  });
  for (const std::int64_t id : group_rows) {
    const StoredEntity group = store.Load(id);
    groups.emplace(group.remote_id, group.key);
  }
  std::vector<DriftFinding> findings;
  // A list that shows nobody leaves everybody: their rows are read as they are asked for.
  std::vector<std::int64_t> unseen;
  const auto compare = [&](const StoredEntity& stored, const plan::TargetListing::Object& shown) {
    if (auto finding = plan::DriftOf(stored, shown, scope, groups)) findings.push_back(*std::move(finding));
  };
  // Of whom nothing is learned now, what was learned before still holds.
  std::unordered_map<std::int64_t, DriftFinding> noted;
  for (DriftFinding& finding : store.Drift()) noted.emplace(finding.entity_id, std::move(finding));
  const auto keep_noted = [&](std::int64_t id) {
    if (const auto before = noted.find(id); before != noted.end()) findings.push_back(before->second);
  };
  for (const auto& [id, digest] : known) {
    const auto it = std::lower_bound(listed.begin(), listed.end(), digest,
                                     [](const Entry& entry, std::uint64_t wanted) { return entry.digest < wanted; });
    if (it != listed.end() && it->digest == digest) {
      compare(store.Load(id), *it->object);
    } else if (listing.complete) {
      unseen.push_back(id);
    } else {
      keep_noted(id);
    }
  }
  const std::set<std::int64_t> unanswered = unseen.empty() ? std::set<std::int64_t>{} : MayHaveMoved(store);
  for (std::size_t begin = 0; begin < unseen.size(); begin += kLookUpsAtOnce) {
    std::vector<StoredEntity> some;
    for (std::size_t i = begin; i < std::min(unseen.size(), begin + kLookUpsAtOnce); ++i) {
      some.push_back(store.Load(unseen[i]));
    }
    const std::vector<LookedUp> answers = LookUp(caller, some);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].presence == Presence::kThere) compare(some[i], answers[i].object);
      const bool may_have_moved = answers[i].presence == Presence::kGone && unanswered.contains(some[i].id);
      if (answers[i].presence == Presence::kUnknown || may_have_moved) {
        keep_noted(some[i].id);
      } else if (answers[i].presence == Presence::kGone) {
        findings.push_back({.entity_id = some[i].id, .missing = true, .shown = {}, .groups = {}});
      }
    }
  }
  std::sort(findings.begin(), findings.end(),
            [](const DriftFinding& a, const DriftFinding& b) { return a.entity_id < b.entity_id; });
  return findings;
}

}  // namespace ucaas_sync::run
