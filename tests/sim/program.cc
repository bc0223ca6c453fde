#include "tests/sim/program.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace ucaas_sync::sim {
namespace {

constexpr std::size_t kHr = 0;
constexpr std::size_t kDirectory = 1;

config::Text At(const std::string& value) {
  return {.value = value, .at = {.file = "config.yaml", .line = 1, .column = 1}};
}

config::SourceConfig SourceNamed(const std::string& name) {
  config::SourceConfig source;
  source.name = At(name);
  source.path = At("/srv/" + name + ".csv");
  source.key = At("employee_id");
  source.date_format = At("%Y-%m-%d");
  return source;
}

config::RuleConfig PeopleRule(Kind kind, const Settings& settings) {
  config::RuleConfig rule;
  rule.kind = kind;
  rule.at = {.file = "config.yaml", .line = 1, .column = 1};
  rule.from = At("hr");
  rule.join = {{At("directory"), At("employee_id")}};
  rule.left = At("(status=terminated)");
  if (settings.starts_count) rule.filter = At("(start_date<=today+7d)");
  rule.empty = settings.empty;
  rule.absent_after = settings.absent_after;
  return rule;
}

}  // namespace

config::Config MakeConfig(const Settings& settings) {
  config::Config config;
  config.timezone = settings.timezone;
  config.sources = {SourceNamed("hr"), SourceNamed("directory")};
  config.sources[kDirectory].required = false;
  config.tables.push_back({.name = At("status"), .entries = {{At("active"), At("A")}, {At("leave"), At("S")}}});

  config::RuleConfig users = PeopleRule(Kind::kUser, settings);
  users.absent = settings.absent_users;
  users.delete_after = settings.delete_after;
  users.fields = {{At("first_name"), At("{first_name}")},   {At("last_name"), At("{last_name}")},
                  {At("email"), At("{email|lower}")},       {At("department"), At("{department}")},
                  {At("designation"), At("{title}")},       {At("user_type"), At("moderator")},
                  {At("status"), At("{status|map:status}")}};
  users.create_only = {At("user_type")};
  if (settings.welcomes) users.fields.emplace_back(At("send_welcome_mail"), At("true"));

  config::RuleConfig groups;
  groups.kind = Kind::kGroup;
  groups.at = users.at;
  groups.from = At("hr");
  groups.fields = {{At("name"), At("{department}")}};
  groups.absent = config::AbsentPolicy::kDelete;
  groups.absent_after = settings.absent_after;

  config::RuleConfig contacts = PeopleRule(Kind::kContact, settings);
  contacts.absent = config::AbsentPolicy::kDelete;
  contacts.fields = {{At("name"), At("{first_name} {last_name}")},
                     {At("email"), At("{email|lower}")},
                     {At("company"), At("Example Ltd")},
                     {At("designation"), At("{title}")}};
  contacts.groups = At("{department}");

  config.rules = {std::move(users), std::move(groups), std::move(contacts)};
  config.guards.protect = At("(user_type=admin)");
  if (!settings.limits) {
    config.guards.kinds = {};
    config.guards.rewrite = config.guards.members_lost = config.guards.source_drop = config.guards.rejects =
        config.guards.fill_drop = 100'000;
  }
  return config;
}

namespace {

Snapshot SnapshotOf(const std::string& name, std::vector<std::string> columns) {
  Snapshot snapshot;
  snapshot.source = name;
  snapshot.location = "/srv/" + name + ".csv";
  snapshot.hash = "00";
  snapshot.columns = std::move(columns);
  return snapshot;
}

Problem CutOff(const Snapshot& snapshot) {
  return {.at = {.file = snapshot.location, .line = snapshot.records + 2}, .what = "ends in mid-row", .remedy = {}};
}

void Put(Record& record, Slot slot, std::string_view value) {
  if (slot != kNoSlot && !value.empty()) record.Add(slot, value);
}

}  // namespace

Settings Settings::Draw(Random& random) {
  Settings settings;
  constexpr std::array kAbsentAfter{0, 24, 24, 72};
  settings.absent_after = std::chrono::hours(kAbsentAfter[random.Below(kAbsentAfter.size())]);
  constexpr std::array kAbsent{config::AbsentPolicy::kSuspend, config::AbsentPolicy::kSuspend,
                               config::AbsentPolicy::kDelete, config::AbsentPolicy::kKeep};
  settings.absent_users = kAbsent[random.Below(kAbsent.size())];
  if (random.Chance(40)) settings.delete_after = std::chrono::hours(48);
  if (random.Chance(30)) settings.empty = config::EmptyPolicy::kClear;
  settings.limits = random.Chance(60);
  settings.welcomes = random.Chance(50);
  settings.starts_count = random.Chance(50);
  if (random.Chance(10)) settings.timezone = "Europe/Berlin";  // changes its clock in the first week
  return settings;
}

std::string Settings::ToString() const {
  constexpr std::array kWords{"suspend", "delete", "keep"};
  std::string text = "users: absent " + std::string(kWords[static_cast<std::size_t>(absent_users)]) + " after " +
                     FormatDuration(absent_after);
  if (delete_after) text += ", delete after " + FormatDuration(*delete_after);
  if (empty == config::EmptyPolicy::kClear) text += ", empty: clear";
  if (!limits) text += ", wide guards";
  if (welcomes) text += ", welcome mails";
  if (starts_count) text += ", (start_date<=today+7d)";
  if (timezone != "UTC") text += ", " + timezone;
  return text;
}

Program::Program(const Settings& settings) : timezone_(settings.timezone) {
  const config::Config config = MakeConfig(settings);
  config::Diagnostics diagnostics;
  mapper_ = mapping::Mapper::Compile(config, diagnostics);
  protect_ =
      std::make_shared<mapping::ProtectFilter>(mapping::ProtectFilter::Compile(config.guards.protect, diagnostics));
  diagnostics.ThrowIfErrors();
  const auto protects = [protect = protect_](Kind kind, const FieldSetView& fields) {
    return protect->Protects(kind, fields);
  };
  policy_ = plan::MakePolicy(config, protects, 1);
}

std::optional<Program::Planned> Program::MakePlan(const Export& day, Instant now, const StateView& state,
                                                  const plan::TargetListing* listing) {
  plan::Planner planner(state, policy_, now, state.Drift());
  const Date today = *DateIn(now, timezone_);
  protect_->SetToday(today);
  mapper_->Begin({.today = today, .timezone = timezone_, .now = now}, planner);
  snapshots_ = {
      SnapshotOf("hr", {"employee_id", "first_name", "last_name", "email", "department", "status", "start_date"}),
      SnapshotOf("directory", {"employee_id", "title"})};
  states_ = {{.snapshot = &snapshots_[kHr], .required = true, .healthy = true, .name = "hr"},
             {.snapshot = &snapshots_[kDirectory], .required = false, .healthy = true, .name = "directory"}};
  Planned planned;
  bool is_usable = true;
  for (const std::size_t source : mapper_->ReadOrder()) {
    if (source == kHr) {
      is_usable = ReadHr(day, now, planned.histories);
    } else {
      ReadDirectory(day, now, planned.histories);
    }
  }
  mapper_->End();
  if (!is_usable) return std::nullopt;
  auto [plan, notes] = planner.Finish(
      {.sources = states_, .listing = listing, .warnings = {}, .config_hash = "c0", .only = {}, .new_id = [] {
         return std::string("plan");
       }});
  for (SnapshotHistory& history : planned.histories) {
    const std::size_t source = history.source == "hr" ? kHr : kDirectory;
    if (source < notes.repeated.size()) history.repeated = notes.repeated[source];
  }
  const auto date_turns = mapper_->due_at();
  if (date_turns && (!notes.due_at || *date_turns < *notes.due_at)) notes.due_at = date_turns;
  planned.plan = std::move(plan);
  planned.notes = std::move(notes);
  return planned;
}

bool Program::ReadHr(const Export& day, Instant now, std::vector<SnapshotHistory>& histories) {
  Snapshot& snapshot = snapshots_[kHr];
  AttributeTable table = mapper_->AttributesFor(kHr);
  const bool has_key = day.health != Health::kNoKeyColumn;
  const bool has_email = day.health != Health::kNoEmail;
  if (!has_key) snapshot.columns[0] = "id";
  if (!has_email) snapshot.columns[3] = "e-mail";
  const Slot key = has_key ? table.Find("employee_id") : kNoSlot;
  const Slot first = table.Find("first_name");
  const Slot last = table.Find("last_name");
  const Slot email = has_email ? table.Find("email") : kNoSlot;
  const Slot department = table.Find("department");
  const Slot status = table.Find("status");
  const Slot start = table.Find("start_date");
  RecordSink& sink = mapper_->SinkFor(kHr);
  Record record;
  for (const HrRow& row : day.rows) {
    record.Clear();
    record.line = row.line;
    Put(record, key, row.person.id);
    Put(record, first, row.person.id);
    Put(record, last, row.person.last);
    Put(record, email, row.person.email);
    Put(record, department, row.person.department);
    Put(record, status, row.person.status);
    Put(record, start, row.person.start);
    sink.OnRecord(record);
    ++snapshot.records;
  }
  for (const BrokenRow& broken : day.broken) {
    const std::vector<std::string_view> values(broken.values.begin(), broken.values.end());
    sink.OnReject(
        {.file = snapshot.location, .line = broken.line, .reason = "4 fields, the heading has 7", .values = values});
    ++snapshot.rejected;
  }
  if (day.health == Health::kCutOff || day.health == Health::kHeadingOnly) snapshot.incomplete = CutOff(snapshot);
  mapping::SourceCheck check = mapper_->EndSource(kHr, snapshot);
  if (snapshot.incomplete || !check.problems.empty()) return false;
  histories.push_back(HistoryOf(kHr, std::move(check), now));
  return true;
}

void Program::ReadDirectory(const Export& day, Instant now, std::vector<SnapshotHistory>& histories) {
  Snapshot& snapshot = snapshots_[kDirectory];
  AttributeTable table = mapper_->AttributesFor(kDirectory);
  RecordSink& sink = mapper_->SinkFor(kDirectory);
  Record record;
  for (const auto& [id, title] : day.titles) {
    if (!day.directory_is_whole && snapshot.records * 2 >= day.titles.size()) break;
    record.Clear();
    record.line = snapshot.records + 2;
    Put(record, table.Find("employee_id"), id);
    Put(record, table.Find("title"), title);
    sink.OnRecord(record);
    ++snapshot.records;
  }
  if (!day.directory_is_whole) snapshot.incomplete = CutOff(snapshot);
  mapping::SourceCheck check = mapper_->EndSource(kDirectory, snapshot);
  if (snapshot.incomplete || !check.problems.empty()) {
    states_[kDirectory].healthy = false;
    return;
  }
  histories.push_back(HistoryOf(kDirectory, std::move(check), now));
}

SnapshotHistory Program::HistoryOf(std::size_t source, mapping::SourceCheck check, Instant now) const {
  const Snapshot& snapshot = snapshots_[source];
  return {.source = snapshot.source,
          .records = snapshot.records,
          .rejected = snapshot.rejected,
          .hash = snapshot.hash,
          .files = {},
          .filled = std::move(check.filled),
          .read_at = now};
}

}  // namespace ucaas_sync::sim
