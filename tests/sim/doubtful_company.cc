#include "tests/sim/doubtful_company.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/sim/apply_plan.h"
#include "tests/support/target_listing.h"

namespace ucaas_sync::sim {
namespace {

config::Text At(const std::string& value) {
  return {.value = value, .at = {.file = "config.yaml", .line = 1, .column = 1}};
}

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

DoubtfulCompany::DoubtfulCompany(Random& random) {
  clock.now = Instant(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23));
  DrawConfig(random);
  DrawPeople(random);
  DrawGroups(random);
  config::Diagnostics diagnostics;
  mapper_ = mapping::Mapper::Compile(config_, diagnostics);
  diagnostics.ThrowIfErrors();
  policy_ = plan::MakePolicy(
      config_, [](Kind /*kind*/, const FieldSetView& /*fields*/) { return false; }, 1);
}

void DoubtfulCompany::DrawConfig(Random& random) {
  constexpr std::array kFilters{"", "(account=active)", "(!(account=disabled))", "(start<=today)",
                                "(&(account=active)(start<=today))"};
  constexpr std::array kLeft{"", "(status=terminated)", "(account=disabled)",
                             "(|(status=terminated)(account=disabled))"};
  constexpr std::array kScopes{"", "", "(team=*)", "(account=*)"};
  constexpr std::array kTitles{"{title}", "{title|default:Staff}", "{title,team}"};
  constexpr std::array kDepartments{"{team}", "{team|join:+}"};
  filter_ = random.Pick(kFilters);
  left_ = random.Pick(kLeft);
  scope_ = random.Pick(kScopes);
  title_ = random.Pick(kTitles);
  department_ = random.Pick(kDepartments);
  absent_after_ = std::chrono::hours(random.Chance(50) ? 0 : 24);
  has_old_ = random.Chance(40);
  prefers_ = random.Chance(60);
  groups_from_ = random.Below(3);

  const auto add_source = [&](const std::string& name, const std::string& key, config::Format format) {
    config::SourceConfig source;
    source.name = At(name);
    source.format = format;
    source.path = At("/srv/" + name);
    source.key = At(key);
    source.date_format = At("%Y-%m-%d");
    config_.sources.push_back(std::move(source));
    feeds.push_back({.name = name, .entries = {}});
  };
  add_source("hr", "id", config::Format::kCsv);
  if (prefers_) config_.sources.back().prefer.push_back(At("(primary=Y)"));
  add_source("dir", "login", config::Format::kLdif);
  config_.sources.back().required = random.Chance(50);
  if (has_old_) add_source("old", "login", config::Format::kCsv);
  if (groups_from_ == 2) add_source("ad", "cn", config::Format::kLdif);

  config::RuleConfig users = PeopleRule(Kind::kUser);
  users.fields = {{At("first_name"), At("{name}")}, {At("last_name"), At("{name}")},
                  {At("email"), At("{email}")},     {At("department"), At(department_)},
                  {At("designation"), At(title_)},  {At("user_type"), At("moderator")}};
  if (random.Chance(30)) users.absent = config::AbsentPolicy::kDelete;
  config::RuleConfig groups;
  groups.kind = Kind::kGroup;
  groups.at = users.at;
  groups.from = At(groups_from_ == 2 ? "ad" : "hr");
  groups.fields = {{At("name"), At(groups_from_ == 2 ? "{cn}" : "{team}")}};
  if (groups_from_ == 2) groups.members = At("{member}");
  groups.nested = groups_from_ == 2 && random.Chance(70);
  groups.absent = config::AbsentPolicy::kDelete;
  groups.absent_after = absent_after_;
  config::RuleConfig contacts = PeopleRule(Kind::kContact);
  contacts.absent = config::AbsentPolicy::kDelete;
  contacts.fields = {{At("name"), At("{name}")}, {At("email"), At("{email}")}, {At("designation"), At(title_)}};
  if (groups_from_ != 2) contacts.groups = At(groups_from_ == 1 ? "{memberOf}" : "{team}");
  config_.rules = {std::move(users), std::move(groups), std::move(contacts)};
  config_.guards.kinds = {};
  config_.guards.rewrite = config_.guards.members_lost = config_.guards.source_drop = config_.guards.rejects =
      config_.guards.fill_drop = 100'000;
}

config::RuleConfig DoubtfulCompany::PeopleRule(Kind kind) const {
  config::RuleConfig rule;
  rule.kind = kind;
  rule.at = {.file = "config.yaml", .line = 1, .column = 1};
  rule.from = At("hr");
  rule.join = {{At("dir"), At("login")}};
  if (has_old_) rule.join.emplace_back(At("old"), At("login"));
  rule.filter = At(filter_);
  rule.left = At(left_);
  rule.scope = At(scope_);
  rule.absent_after = absent_after_;
  return rule;
}

void DoubtfulCompany::DrawPeople(Random& random) {
  const std::size_t count = 4 + random.Below(5);
  const auto team = [&] { return "T" + std::to_string(1 + random.Below(3)); };
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    const std::size_t contracts = random.Chance(30) ? 2 : 1;
    for (std::size_t contract = 0; contract < contracts; ++contract) {
      const std::string login = (contract == 0 ? "l" : "x") + number;
      FeedNamed("hr").entries.push_back(
          {.dn = {},
           .values = {{"id", "P" + number},
                      {"name", "N" + number},
                      {"email", "e" + number + "@example.com"},
                      {"login", login},
                      {"status", random.Chance(contract == 0 ? 10 : 50) ? "terminated" : "active"},
                      {"start", random.Chance(10) ? "2100-01-01" : "2020-01-01"},
                      {"primary", contract == 0 ? "Y" : "N"},
                      {"team", team()},
                      {"mgr", "P1"}}});
      for (const std::string source : {"dir", "old"}) {
        if (!Has(source) || !random.Chance(80)) continue;
        Entry entry{
            .dn = source == "dir" ? "uid=" + login + ",dc=x" : "",
            .values = {
                {"login", login}, {"account", random.Chance(15) ? "disabled" : "active"}, {"title", source + login}}};
        if (source == "dir") {
          const std::string first = team();
          const std::string second = team();
          entry.values.emplace_back("memberOf", first);
          if (second != first) entry.values.emplace_back("memberOf", second);
        }
        FeedNamed(source).entries.push_back(std::move(entry));
      }
    }
  }
}

void DoubtfulCompany::DrawGroups(Random& random) {
  if (!Has("ad")) return;
  for (std::size_t i = 1; i <= 3; ++i) {
    Entry group{.dn = "cn=G" + std::to_string(i) + ",dc=x", .values = {{"cn", "G" + std::to_string(i)}}};
    for (const Entry& person : FeedNamed("dir").entries) {
      if (random.Chance(40)) group.values.emplace_back("member", person.dn);
    }
    if (i > 1 && random.Chance(70)) group.values.emplace_back("member", "cn=G" + std::to_string(i - 1) + ",dc=x");
    FeedNamed("ad").entries.push_back(std::move(group));
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

void DoubtfulCompany::LiveOn(Random& random) {
  std::vector<Entry>& people = FeedNamed("hr").entries;
  const std::string who = random.Chance(50) ? "P1" : "P" + std::to_string(1 + random.Below(6));
  switch (random.Below(3)) {
    case 0:
      std::erase_if(people, [&](const Entry& entry) { return entry.Of("id") == who; });
      break;
    case 1:
      for (Entry* entry : EntriesOf(who)) entry->Set("status", "terminated");
      break;
    default:
      for (Entry* entry : EntriesOf(who)) entry->Set("id", "N" + who);
      break;
  }
}

std::string DoubtfulCompany::Damage(Random& random) {
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
    if (!is_alone && groups_from_ != 2) return "nothing";
    entry.is_broken = true;
    return named + " is broken";
  }
  if (feed.name == "dir" && how == 3) return cut("memberOf");
  if (feed.name == "ad") return cut("member");
  if (feed.name == "dir" && how == 4 && !config_.sources[1].required) {
    feed.is_whole = false;
    return "dir is not whole";
  }
  if (feed.name == "dir" || feed.name == "old") {
    Entry twin = entry;
    twin.Set("account", entry.Of("account") == "active" ? "disabled" : "active");
    twin.Set("title", "Twin");
    feed.entries.push_back(std::move(twin));
    return named + " comes twice";
  }
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
    default:
      return "nothing";
  }
}

std::string DoubtfulCompany::ToString() const {
  std::string text =
      "filter " + filter_ + ", left " + left_ + ", scope " + scope_ + ", title " + title_ + ", department " +
      department_ + ", absent after " + FormatDuration(absent_after_) + (prefers_ ? ", prefers (primary=Y)" : "") +
      (config_.rules[0].absent == config::AbsentPolicy::kDelete ? ", users are deleted" : "") +
      (config_.sources[1].required ? "" : ", dir is optional") + (config_.rules[1].nested ? ", nested" : "") +
      std::array{", groups by team", ", groups by memberOf", ", groups by members"}[groups_from_];
  for (const Feed& feed : feeds) {
    text += "\n" + feed.name + (feed.is_whole ? "" : " (not whole)");
    for (const Entry& entry : feed.entries) {
      text += "\n " + std::string(entry.is_broken ? " BROKEN " : " ") + entry.dn;
      for (const auto& [name, value] : entry.values) text += " " + name + "=" + value;
    }
  }
  return text;
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
