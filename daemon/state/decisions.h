// What a run writes beside operations and outcomes so that it can be asked later: the requests of an operation that
// took several, and decisions that differ from the ones before. Inside the state room only; within a transaction.
// An unchanged decision writes nothing. Single-threaded; throws what Connection::Guard translates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/state/connection.h"

namespace ucaas_sync::state {

void WriteAttempts(Connection& connection, std::int64_t operation, const std::vector<Attempt>& attempts);
std::vector<Attempt> ReadAttempts(Connection& connection, std::int64_t operation);

class DecisionWriter {
 public:
  DecisionWriter(Connection& connection, std::int64_t run) : connection_(connection), run_(run) {}

  /// Newly, or for another reason than before.
  void Quarantined(const QuarantineItem& item);
  void Released(const StoredQuarantine& item);
  /// What a held plan would have done; nothing when that is the last that was decided.
  void Held(const StoredDecision& decision);
  /// Writes who newly stands still, and who does no more.
  void ReplaceStandstills(const std::vector<PlanNotes::Standstill>& now);

 private:
  struct Row {
    std::string kind;
    std::string key;
    std::string word;
    std::string reason;
    SourceRef source;
    std::int64_t entity_id = 0;
    bool stands = false;
  };
  void Write(const Row& row);
  /// The standstill of `id` (a row of `decision`) is over. Says nothing of an entity that was suspended or
  /// removed: its operation does.
  void End(std::int64_t id, const Row& row);

  Connection& connection_;
  std::int64_t run_;
};

}  // namespace ucaas_sync::state
