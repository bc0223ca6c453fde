#include "tests/plan/world.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "daemon/plan/plan_json.h"

namespace ucaas_sync::plan {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

RulePolicy Rule(Kind kind, std::uint16_t source) {
  RulePolicy rule;
  rule.kind = kind;
  rule.source = source;
  rule.absent = kind == Kind::kUser ? config::AbsentPolicy::kSuspend : config::AbsentPolicy::kDelete;
  rule.absent_after = kDay;
  rule.left = "(status=terminated)";
  const auto specs = FieldsOf(kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].sent_once) rule.create_only |= Bit(static_cast<FieldId>(i));
  }
  return rule;
}

}  // namespace

Row User(const std::string& key, Values more) {
  Row row{.kind = Kind::kUser, .key = key};
  row.fields = {{"user_type", "moderator"},
                {"first_name", "First" + key},
                {"last_name", "Last" + key},
                {"email", Lower(key) + "@example.com"}};
  for (auto& [name, value] : more) row.fields[name] = value;
  return row;
}

Row Contact(const std::string& key, std::vector<std::string> groups, Values more) {
  Row row{.kind = Kind::kContact, .key = key, .rule = 2};
  row.fields = {{"name", "Name " + key}, {"email", Lower(key) + "@example.com"}};
  for (auto& [name, value] : more) row.fields[name] = value;
  row.groups = std::move(groups);
  row.maps_groups = true;
  return row;
}

Row Group(const std::string& name, Values more) {
  Row row{.kind = Kind::kGroup, .key = name, .rule = 1};
  row.fields = {{"name", name}};
  for (auto& [field, value] : more) row.fields[field] = value;
  return row;
}

Row OfOther(Row row) {
  row.rule = 3;
  row.source = 1;
  return row;
}

FieldSet Fields(Kind kind, const Values& values) {
  FieldSet fields;
  for (const auto& [name, value] : values) {
    const auto field = FindField(kind, name);
    if (!field) throw std::logic_error("no field " + name);
    fields[*field] = value == "?"    ? Field(FieldState::kUnknown, "")
                     : value.empty() ? Field::Empty()
                                     : Field::Value(value);
  }
  return fields;
}

config::GuardsConfig DefaultGuards() {
  return {};
}

config::GuardsConfig WideGuards() {
  config::GuardsConfig guards;
  guards.kinds = {};
  guards.rewrite = 1000;
  guards.members_lost = 1000;
  guards.source_drop = 1000;
  guards.rejects = 1000;
  guards.fill_drop = 1000;
  return guards;
}

World::World() : now(std::chrono::sys_days{std::chrono::year{2026} / 11 / 1}) {
  policy.sources = {"hr", "other"};
  policy.rules = {Rule(Kind::kUser, 0), Rule(Kind::kGroup, 0), Rule(Kind::kContact, 0), Rule(Kind::kUser, 1)};
  policy.guards = WideGuards();
  for (const std::string& name : policy.sources) {
    Snapshot snapshot;
    snapshot.source = name;
    snapshot.location = "/srv/" + name + ".csv";
    snapshot.hash = "00";
    snapshots.push_back(snapshot);
  }
}

void World::Add(Row row) {
  if (row.line == 0) row.line = rows.size() + 2;
  rows.push_back(std::move(row));
}

void World::Remove(Kind kind, const std::string& key) {
  std::erase_if(rows, [&](const Row& row) { return row.kind == kind && row.key == key; });
}

Row& World::Get(Kind kind, const std::string& key) {
  for (Row& row : rows) {
    if (row.kind == kind && row.key == key) return row;
  }
  throw std::logic_error("no row " + key);
}

Planner::Result World::Plan() {
  Planner planner(state, policy, now, state.drift, make_spill_file);
  planner.SetTrace(trace);
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    // An empty source proves nothing; a test that wants one says so by its rows.
    snapshots[i].records = i == 0 ? 0 : 1;
    snapshots[i].rejected = 0;
  }
  for (const Row& row : rows) {
    ++snapshots[row.source].records;
    const FieldSet fields = Fields(row.kind, row.fields);
    std::string record = row.reason;
    for (const auto& [name, value] : row.fields) record += name + '=' + value + '\n';
    const std::vector<std::string_view> groups(row.groups.begin(), row.groups.end());
    const std::vector<std::string_view> members(row.members.begin(), row.members.end());
    planner.OnEntity({.kind = row.kind,
                      .standing = row.standing,
                      .key = row.key,
                      .fields = View(fields),
                      .reason = row.reason,
                      .may_be_rejected = row.may_be_rejected,
                      .is_in_scope = row.is_in_scope,
                      .rule = row.rule,
                      .source = row.source,
                      .line = row.line,
                      .dn = row.dn,
                      .dn_known = row.dn_known,
                      .leaves_on = row.leaves_on,
                      .record_hash = HashOf(record),
                      .groups = groups,
                      .maps_groups = row.maps_groups,
                      .groups_known = row.groups_known,
                      .members = members,
                      .maps_members = row.maps_members,
                      .members_known = row.members_known});
  }
  for (const BadRow& bad : bad_rows) {
    const std::vector<std::string_view> values(bad.values.begin(), bad.values.end());
    for (int i = 0; i < bad.times; ++i) {
      ++(bad.by_reader ? snapshots[bad.source].rejected : snapshots[bad.source].records);
      planner.OnReject({.source = bad.source,
                        .file = bad.file,
                        .line = bad.line,
                        .reason = "7 fields, the heading has 9",
                        .values = values,
                        .hides_groups_alone = bad.hides_groups});
    }
  }
  Planner::Inputs inputs;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    inputs.sources.push_back({.snapshot = is_read[i] ? &snapshots[i] : nullptr,
                              .required = true,
                              .healthy = healthy[i],
                              .name = policy.sources[i]});
  }
  inputs.sources[0].filled = filled;
  inputs.sources[0].hides_groups = hides_groups;
  inputs.listing = listing;
  inputs.unlisted = unlisted;
  inputs.config_hash = config_hash;
  inputs.only = only;
  inputs.file = file;
  inputs.new_id = [] { return std::string("r1"); };
  return planner.Finish(inputs);
}

Planner::Result World::Sync() {
  Planner::Result result = Plan();
  if (!result.plan.held) state.Apply(result.plan, result.notes, now);
  return result;
}

std::vector<Operation> Operations(const ucaas_sync::Plan& plan) {
  std::vector<Operation> out;
  plan.operations.ForEach([&](const Operation& operation) { out.push_back(operation); });
  return out;
}

World CompanyOf(int people) {
  World world;
  for (int i = 1; i <= people; ++i) world.Add(User("E" + std::to_string(i)));
  world.Sync();
  return world;
}

World CompanyWithOneOutside(int people, const std::string& key) {
  World world = CompanyOf(people);
  world.policy.rules[0].absent_after = Duration::zero();
  world.policy.rules[0].has_scope = true;
  world.Get(Kind::kUser, key).standing = Standing::kOutOfScope;
  world.Sync();
  world.Remove(Kind::kUser, key);
  return world;
}

std::vector<std::string> Lines(const ucaas_sync::Plan& plan) {
  std::vector<std::string> out;
  for (const Operation& operation : Operations(plan)) {
    out.push_back(std::string(Name(operation.kind)) + ' ' + std::string(Name(operation.action)) + ' ' + operation.key);
  }
  return out;
}

const GuardVerdict* FindGuard(const ucaas_sync::Plan& plan, const std::string& name, const std::string& subject) {
  for (const GuardVerdict& verdict : plan.guards) {
    if (verdict.name == name && (subject.empty() || verdict.subject == subject)) return &verdict;
  }
  return nullptr;
}

std::string AsJson(const ucaas_sync::Plan& plan) {
  std::ostringstream out;
  WritePlan(plan, out);
  return out.str();
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace ucaas_sync::plan
