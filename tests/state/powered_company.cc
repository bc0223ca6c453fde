#include "tests/state/powered_company.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "connectors/ucaas/client.h"
#include "connectors/ucaas/json_view.h"
#include "daemon/apply/caller.h"
#include "daemon/apply/gate.h"
#include "daemon/state/sqlite_store.h"
#include "tests/state/watched_store.h"
#include "tests/support/target_listing.h"

namespace ucaas_sync::state {
namespace {

constexpr std::size_t kPeople = 50;

class SilentObserver final : public Observer {
 public:
  void OnEvent(const Event& /*event*/) override {}
};

sim::Settings CompanySettings() {
  sim::Settings settings;
  settings.welcomes = true;
  settings.limits = false;
  return settings;
}

std::string KindAndAddress(Kind kind, const testing::FakeTarget::Object& object) {
  return std::string(Name(kind)) + ' ' + object.fields.at(std::string(FieldsOf(kind)[NaturalKeyField(kind)].name));
}

}  // namespace

sim::Export CompanyOn(int day) {
  sim::Random random(50);
  sim::World world(kPeople, *ParseDate("2026-11-23", "%Y-%m-%d"), random);
  if (day == 1) return world.TakeExport();
  for (const char* id : {"P3", "P14", "P15", "P26"}) world.people.at(id).last += "-Changed";
  for (const char* id : {"P9", "P27"}) world.people.at(id).status = "terminated";
  for (const char* id : {"P31", "P32", "P33"}) world.people.at(id).department = "Research";
  for (int joiner = 0; joiner < 4; ++joiner) world.Join(random);
  return world.TakeExport();
}

PoweredCompany::PoweredCompany(std::filesystem::path dir, Account account)
    : dir_(std::move(dir)), program_(CompanySettings()) {
  target.latency = Duration(100);  // two or three answers to a commit
  // The target never gives an id twice, whatever it held before.
  std::string newest;
  for (const auto& [kind, objects] : account) {
    for (const auto& object : objects) newest = std::max(newest, object.id);
  }
  while (target.Add(Kind::kUser, {}) < newest) {
  }
  target.objects = std::move(account);
  target.on_request = [this](const HttpRequest& request) {
    on_request();
    if (request.method != "POST") return;
    for (const Kind kind : kAllKinds) {
      if (request.path != std::string(Name(kind)) + "s") continue;
      const auto body = ucaas::JsonDocument::Parse(request.body);
      const auto address = body->root().FindText(FieldsOf(kind)[NaturalKeyField(kind)].name);
      if (address && target.With(kind, *address) != nullptr) doubled_.emplace_back(*address);
    }
  };
}

PoweredCompany::Run PoweredCompany::Sync(const sim::Export& day, std::function<void(const char*)> acknowledged) {
  clock.ticks = {};
  const auto real = OpenStore(dir_, OpenMode::kReadWrite, {.program_version = "1.2.3", .seed = 7});
  acknowledged("OpenStore");
  WatchedStore store(*real, std::move(acknowledged));
  store.Bind("https://api.example.com/", "id-1");
  const std::string run = store.BeginRun({.trigger = "command", .at = clock.now});
  std::optional<plan::TargetListing> listing;
  if (store.IsEmpty()) listing = testing::ListingOf(target);
  std::optional<sim::Program::Planned> planned;
  {
    const auto moment = real->HoldMoment();
    planned = program_.MakePlan(day, clock.now, store, listing ? &*listing : nullptr);
  }
  if (!planned || planned->plan.held) throw std::logic_error("a day that cannot be applied");
  store.RecordNotes(run, planned->notes, planned->plan.quarantine, planned->histories);
  store.ReplaceDue(planned->plan.due);
  Run result{.plan = std::move(planned->plan), .applied = {}};
  if (!result.plan.operations.empty()) {
    SilentObserver observer;
    ucaas::Client client(target, ucaas::Routes::BuiltIn(), ucaas::Codes::BuiltIn(), 100);
    apply::Gate gate({.concurrency = 8, .rate = 1'000'000, .retry = {}, .seed = 1}, clock.ticks);
    apply::Caller caller(client, gate, clock, observer, {});
    apply::ExecutorOptions options;
    options.window = options.mark_batch = options.most_marked = 8;  // small, so that there are many commits
    apply::Executor executor(store, caller, clock, observer, options);
    result.applied = executor.Apply(run, result.plan);
  }
  store.FinishRun(run, result.applied.code, result.applied.message, result.applied.failed, result.plan.summary,
                  clock.now);
  return result;
}

std::vector<std::string> PoweredCompany::Faults() const {
  std::vector<std::string> faults;
  for (const std::string& address : doubled_) faults.push_back(address + " was created while it existed");
  for (const auto& [kind, objects] : target.objects) {
    std::set<std::string> seen;
    for (const auto& object : objects) {
      if (!seen.insert(KindAndAddress(kind, object)).second) {
        faults.push_back(KindAndAddress(kind, object) + " is there twice");
      }
    }
  }
  const auto store = OpenStore(dir_, OpenMode::kReadOnly, {.program_version = "1.2.3", .seed = 7});
  for (const std::string& problem : store->Check()) faults.push_back("the state: " + problem);
  std::set<std::string> known;
  store->ForEachKnown([&](const KnownEntity& entity) {
    if (entity.lifecycle == Lifecycle::kGone) return;
    const StoredEntity row = store->Load(entity.id);
    known.insert(row.remote_id);
    const auto* object = target.Find(row.kind, row.remote_id);
    if (object == nullptr) {
      faults.push_back(row.key + " is in the state and not at the target");
    } else if (KindAndAddress(row.kind, *object) !=
               std::string(Name(row.kind)) + ' ' + row.fields[NaturalKeyField(row.kind)].text) {
      faults.push_back(row.key + " is another one at the target");
    }
  });
  for (const auto& [kind, objects] : target.objects) {
    for (const auto& object : objects) {
      if (!known.contains(object.id)) faults.push_back(KindAndAddress(kind, object) + " is not in the state");
    }
  }
  return faults;
}

std::string PoweredCompany::Picture() const {
  std::map<std::string, std::string> groups;
  const auto list = target.objects.find(Kind::kGroup);
  if (list != target.objects.end()) {
    for (const auto& group : list->second) groups[group.id] = group.fields.at("name");
  }
  std::set<std::string> lines;
  for (const auto& [kind, objects] : target.objects) {
    for (const auto& object : objects) {
      std::string line = KindAndAddress(kind, object);
      for (const auto& [name, value] : object.fields) line += ' ' + name + '=' + value;
      std::set<std::string> names;
      for (const std::string& id : object.group_ids) names.insert(groups.contains(id) ? groups.at(id) : "lost " + id);
      for (const std::string& name : names) line += " in " + name;
      lines.insert(line);
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::string Dump(const std::filesystem::path& dir) {
  const SQLite::Database database((dir / "state.db").string(), SQLite::OPEN_READONLY, 2000, "unix");
  std::vector<std::string> tables;
  SQLite::Statement names(database, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  while (names.executeStep()) tables.push_back(names.getColumn(0).getString());
  std::string text;
  for (const std::string& table : tables) {
    std::set<std::string> rows;
    SQLite::Statement query(database, "SELECT * FROM " + table);
    while (query.executeStep()) {
      std::string row;
      for (int i = 0; i < query.getColumnCount(); ++i) {
        const SQLite::Column value = query.getColumn(i);
        row += '|';
        row += value.isNull() ? "NULL" : value.getString();
      }
      rows.insert(std::move(row));
    }
    for (const std::string& row : rows) text += table + row + '\n';
  }
  return text;
}

}  // namespace ucaas_sync::state
