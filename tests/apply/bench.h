// The executor with everything around it but sockets and SQLite: a fake target, a state in memory, one clock, and one
// log of what happened in which order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/caller.h"
#include "daemon/apply/executor.h"
#include "daemon/apply/gate.h"
#include "daemon/model/plan.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"
#include "tests/support/memory_store.h"

namespace ucaas_sync::apply {

class RecordingObserver final : public Observer {
 public:
  std::vector<std::string> events;  // names
  std::vector<std::string> texts;
  std::vector<std::string> retries;
  void OnEvent(const Event& event) override {
    events.emplace_back(TypeOf(event.id).name);
    texts.push_back(event.text);
  }
  void OnRetry(std::string_view reason) override { retries.emplace_back(reason); }
};

/// A user (contact, group) named `key` that both the state and the target know; returns the state's row.
StoredEntity AddKnown(testing::FakeTarget& target, testing::MemoryStore& store, Kind kind, const std::string& key);

struct Bench {
  explicit Bench(GatePolicy policy = FastPolicy());

  static GatePolicy FastPolicy();
  static Operation On(Kind kind, Action action, const std::string& key, std::vector<FieldChange> changes = {});
  /// A create of user `key` with every required field and KEY@x.org.
  static Operation CreateUser(const std::string& key);
  /// Of E1 to E`count`.
  static std::vector<Operation> CreateUsers(int count);
  static Operation CreateContact(const std::string& key, std::vector<std::string> groups = {});
  static FieldChange Change(FieldId field, const std::string& before, const std::string& after);

  StoredEntity Known(Kind kind, const std::string& key) { return AddKnown(target, store, kind, key); }
  /// `operation` on a known one: its row and remote id filled in.
  static Operation At(const StoredEntity& row, Action action, std::vector<FieldChange> changes = {});

  void Plan(const std::vector<Operation>& operations);
  ApplyResult Apply(const ExecutorOptions& options = {});
  /// Plans and applies.
  ApplyResult Do(std::vector<Operation> operations, const ExecutorOptions& options = {});
  /// Where in the log the first line that begins so stands; the log's size when there is none.
  std::size_t Place(std::string_view line) const;

  testing::FakeClock clock;
  std::vector<std::string> log;
  RecordingObserver observer;
  testing::FakeTarget target{clock, log};
  testing::MemoryStore store{log};
  bool stop = false;
  ucaas::Client client{target, ucaas::Routes::BuiltIn(), ucaas::Codes::BuiltIn(), 100};
  Gate gate;
  Caller caller;
  ucaas_sync::Plan plan;
};

}  // namespace ucaas_sync::apply
