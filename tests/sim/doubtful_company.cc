#include "tests/sim/doubtful_company.h"

#include <algorithm>
#include <utility>

#include "tests/sim/apply_plan.h"
#include "tests/support/target_listing.h"

namespace ucaas_sync::sim {
namespace {

const std::string kNothing;

}  // namespace

const std::string& Entry::Of(const std::string& attribute) const {
  for (const auto& [name, value] : values) {
    if (name == attribute) return value;
  }
  return kNothing;
}

void Entry::Set(const std::string& attribute, const std::string& value) {
  for (auto& [name, before] : values) {
    if (name == attribute) before = value;
  }
}

Feed& DoubtfulCompany::FeedNamed(const std::string& name) {
  return *std::find_if(feeds.begin(), feeds.end(), [&](const Feed& feed) { return feed.name == name; });
}

bool DoubtfulCompany::Has(const std::string& name) const {
  return std::any_of(feeds.begin(), feeds.end(), [&](const Feed& feed) { return feed.name == name; });
}

std::vector<Entry*> DoubtfulCompany::EntriesOf(const std::string& id) {
  std::vector<Entry*> entries;
  for (Entry& entry : FeedNamed("hr").entries) {
    if (entry.Of("id") == id) entries.push_back(&entry);
  }
  return entries;
}

void DoubtfulCompany::LiveOn(Random& random, bool forgets) {
  std::vector<Entry>& people = FeedNamed("hr").entries;
  const auto anybody = [&] { return "P" + std::to_string(1 + random.Below(6)); };
  const std::string who = random.Chance(50) ? "P1" : anybody();
  switch (random.Below(forgets ? 3 : 6)) {
    case 0:
      std::erase_if(people, [&](const Entry& entry) { return entry.Of("id") == who; });
      break;
    case 1:
      for (Entry* entry : EntriesOf(who)) entry->Set("status", "terminated");
      break;
    case 2:
      for (Entry* entry : EntriesOf(who)) entry->Set("id", "N" + who);
      break;
    case 3:
      if (EntriesOf(who).size() == 1) EntriesOf(who).front()->Set("email", "new@example.com");
      break;
    case 4: {
      const std::vector<Entry*> successors = EntriesOf(anybody());
      const std::vector<Entry*> own = EntriesOf(who);
      if (own.empty() || successors.size() != 1 || own.front() == successors.front()) break;
      successors.front()->Set("email", own.front()->Of("email"));
      std::erase_if(people, [&](const Entry& entry) { return entry.Of("id") == who; });
      break;
    }
    default:
      if (!Has("ext") || EntriesOf(who).size() != 1) break;
      EntriesOf(who).front()->Set("email", FeedNamed("ext").entries.front().Of("email"));
      FeedNamed("ext").entries.erase(FeedNamed("ext").entries.begin());
      break;
  }
}

std::string DoubtfulCompany::SomebodysAddress(Random& random, const std::string& but) {
  std::vector<std::string> addresses;
  for (const testing::FakeTarget::Object& user : target_.objects[Kind::kUser]) {
    const std::string& email = user.fields.at("email");
    const auto status = user.fields.find("status");
    const bool may_work = status == user.fields.end() || status->second == kStatusActive;
    if (may_work && email != but && target_.With(Kind::kContact, email) != nullptr) addresses.push_back(email);
  }
  return addresses.empty() ? std::string() : random.Pick(addresses);
}

std::string DoubtfulCompany::Damage(Random& random, bool forgets) {
  Feed& feed = random.Pick(feeds);
  if (feed.entries.empty()) return "nothing";
  Entry& entry = random.Pick(feed.entries);
  if (std::exchange(entry.is_damaged, true)) return "nothing";
  const std::string named = feed.name + " " + (entry.dn.empty() ? entry.Of("id") + entry.Of("login") : entry.dn);
  const auto cut = [&](const std::string& attribute) {
    const auto first = std::find_if(entry.values.begin(), entry.values.end(),
                                    [&](const auto& value) { return value.first == attribute; });
    if (first == entry.values.end() || entry.is_broken) return std::string("nothing");
    if (random.Chance(50)) entry.values.erase(first);
    entry.values.emplace_back(attribute + ";range", "");
    return attribute + " of " + named + " is cut short";
  };
  const std::size_t how = random.Below(8);
  // Of several records of one person another one then says what the team is, and which values there are.
  const bool is_alone = feed.name != "hr" || EntriesOf(entry.Of("id")).size() == 1;
  if (how < 3) {
    const bool names_its_key = key_ != "K{id}" && groups_from_ == 2;
    if (!is_alone && !prefers_ && !names_its_key) return "nothing";
    entry.is_broken = true;
    return named + " is broken";
  }
  if (feed.name == "dir" && how == 3) return cut("memberOf");
  if (feed.name == "ad") return cut("member");
  const bool is_optional = std::any_of(config_.sources.begin(), config_.sources.end(), [&](const auto& source) {
    return source.name.value == feed.name && !source.required;
  });
  if (is_optional && how == 4) {
    feed.is_whole = false;
    return feed.name + " is not whole";
  }
  if (feed.name == "dir" || feed.name == "old") {
    Entry twin = entry;
    twin.Set("account", entry.Of("account") == "active" ? "disabled" : "active");
    twin.Set("title", "Twin");
    feed.entries.push_back(std::move(twin));
    return named + " comes twice";
  }
  if (feed.name == "ext" && how < 6) return "nothing";
  switch (how) {
    case 3:
      entry.Set("start", "May");
      return named + " starts in May";
    case 4:
      entry.Set("name", "");
      return named + " has no name";
    case 5:
      if (!is_alone) return "nothing";
      entry.is_broken = true;
      entry.values.erase(entry.values.begin());
      return named + " is broken, and its key cannot be read";
    case 6: {
      if (!is_alone && prefers_) return "nothing";
      Entry twin = entry;
      twin.Set("name", "Twin");
      feed.entries.push_back(std::move(twin));
      return named + " comes twice";
    }
    default: {
      const bool is_taken = !forgets && feed.name == "hr" && random.Chance(50);
      const std::string email = is_taken ? SomebodysAddress(random, entry.Of("email")) : "nobody";
      // Whoever has a new key is known by their address alone.
      const bool is_known_by_it = entry.Of("id").starts_with('N') || !config_.rules[2].key.empty();
      if (!is_alone || email.empty() || is_known_by_it) return "nothing";
      entry.Set("email", email);
      return named + " has the address " + email;
    }
  }
}

bool DoubtfulCompany::Deliver(std::size_t source, std::vector<Snapshot>& snapshots,
                              std::vector<SnapshotHistory>& histories) {
  const Feed& feed = feeds[source];
  Snapshot& snapshot = snapshots[source];
  AttributeTable table = mapper_->AttributesFor(source);
  RecordSink& sink = mapper_->SinkFor(source);
  Record record;
  std::uint64_t line = 1;
  for (const Entry& entry : feed.entries) {
    ++line;
    if (entry.is_broken) {
      std::vector<std::string_view> values;
      for (const auto& [name, value] : entry.values) values.push_back(value);
      sink.OnReject({.file = snapshot.location, .line = line, .reason = "cannot be read", .values = values});
      ++snapshot.rejected;
      continue;
    }
    record.Clear();
    record.line = line;
    record.dn = entry.dn;
    for (const auto& [name, value] : entry.values) {
      const Slot slot = table.Find(name);
      if (slot != kNoSlot) record.Add(slot, value);
    }
    sink.OnRecord(record);
    ++snapshot.records;
  }
  if (!feed.is_whole) {
    snapshot.incomplete = Problem{.at = {.file = snapshot.location, .line = line}, .what = "ends early", .remedy = {}};
  }
  mapping::SourceCheck check = mapper_->EndSource(source, snapshot);
  if (snapshot.incomplete || !check.problems.empty()) return false;
  histories.push_back({.source = snapshot.source,
                       .records = snapshot.records,
                       .rejected = snapshot.rejected,
                       .hash = snapshot.hash,
                       .files = {},
                       .filled = std::move(check.filled),
                       .read_at = clock.now});
  return true;
}

std::optional<Changes> DoubtfulCompany::Sync() {
  std::optional<plan::TargetListing> listing;
  if (store_->IsEmpty()) listing = testing::ListingOf(target_);
  plan::Planner planner(*store_, policy_, clock.now, store_->Drift());
  mapper_->Begin({.today = *DateIn(clock.now, "UTC"), .timezone = "UTC", .now = clock.now}, planner);
  std::vector<Snapshot> snapshots;
  std::vector<plan::SourceState> states;
  for (const Feed& feed : feeds) {
    Snapshot& snapshot = snapshots.emplace_back();
    snapshot.source = feed.name;
    snapshot.location = "/srv/" + feed.name;
    snapshot.hash = "00";
    for (const auto& [name, value] : feed.entries.empty() ? Entry{}.values : feed.entries.front().values) {
      snapshot.columns.push_back(name);
    }
  }
  std::vector<SnapshotHistory> histories;
  bool is_usable = true;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    states.push_back(
        {.snapshot = &snapshots[i], .required = config_.sources[i].required, .healthy = true, .name = feeds[i].name});
  }
  for (const std::size_t source : mapper_->ReadOrder()) {
    states[source].healthy = Deliver(source, snapshots, histories);
    is_usable = is_usable && (states[source].healthy || !config_.sources[source].required);
  }
  mapper_->End();
  if (!is_usable) return std::nullopt;
  auto [plan, notes] = planner.Finish({.sources = states,
                                       .listing = listing ? &*listing : nullptr,
                                       .warnings = {},
                                       .config_hash = "c0",
                                       .only = {},
                                       .new_id = [] { return std::string("plan"); }});
  const std::string run = store_->BeginRun({.trigger = "command", .at = clock.now});
  if (plan.held) {
    store_->RecordHeldNotes(notes);
    store_->FinishRun(run, ExitCode::kHeld, "held", 0, plan.summary, clock.now);
    return Changes{.is_held = true, .lines = {}};
  }
  Changes changes;
  plan.operations.ForEach([&](const Operation& operation) {
    changes.lines.push_back(std::string(Name(operation.action)) + ' ' + std::string(Name(operation.kind)) + ' ' +
                            operation.key + ": " + operation.reason);
  });
  store_->RecordNotes(run, notes, plan.quarantine, histories);
  store_->ReplaceDue(plan.due);
  const apply::ApplyResult applied = ApplyPlan(run, plan, *store_, target_, clock);
  store_->FinishRun(run, applied.code, applied.message, applied.failed, plan.summary, clock.now);
  return changes;
}

std::string DoubtfulCompany::Account() const {
  std::string text;
  for (const auto& [kind, objects] : target_.objects) {
    for (const testing::FakeTarget::Object& object : objects) {
      text += std::string(Name(kind)) + ' ' + object.id;
      for (const auto& [field, value] : object.fields) text += ' ' + field + '=' + value;
      std::vector<std::string> groups = object.group_ids;
      std::sort(groups.begin(), groups.end());
      for (const std::string& group : groups) text += " in " + group;
      text += '\n';
    }
  }
  return text;
}

bool DoubtfulCompany::Settle() {
  constexpr int kMostRuns = 12;
  int idle = 0;
  for (int runs = 0; runs < kMostRuns && idle < 2; ++runs) {
    clock.now += std::chrono::hours(25);
    const auto changes = Sync();
    if (!changes) return false;
    idle = changes->lines.empty() && !changes->is_held ? idle + 1 : 0;
  }
  return idle == 2;
}

}  // namespace ucaas_sync::sim
