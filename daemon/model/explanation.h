// The answer to `explain`: what a dry run decides about one person now, and what past runs did. A plain value; made in
// daemon/run, shown by daemon/report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/model/operation.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/model/time.h"
#include "daemon/model/trace.h"

namespace ucaas_sync {

/// A past operation with the run that planned it.
struct PastOperation {
  RunRecord run;
  Operation operation;
  std::optional<OperationOutcome> outcome;  ///< Nothing: never sent, or it is not known what became of it.
  std::vector<Attempt> requests{};          ///< Each, when there was more than one, or none was the last word.
};

struct Explanation {
  std::string who{};
  Instant now{};
  std::vector<std::string> keys{};  ///< That WHO stands for; WHO itself when nobody knows better.

  std::vector<FormerKey> former_keys{};     ///< What the keys were before, or are now.
  std::vector<std::string> once_had_who{};  ///< Of the keys, those to whom WHO once belonged as an e-mail.

  // Of a dry run now; empty when a past run is asked about.
  std::optional<Trace> trace{};
  std::string source_trouble{};  ///< Why the sources could not be read; then nothing was planned.
  std::vector<PlanSource> sources{};
  std::vector<GuardVerdict> guards{};  ///< Those that hold the plan, and those over the operations found.
  bool held = false;
  bool state_is_empty = false;

  // Of the state and the journal.
  std::vector<StoredEntity> stored{};
  std::vector<StoredQuarantine> quarantine{};
  std::vector<StoredHold> holds{};
  std::optional<Instant> forgotten{};       ///< What was kept of them before was erased then, on request.
  std::optional<RunRecord> run{};           ///< --run: the run that is asked about.
  std::vector<PastOperation> operations{};  ///< Newest first.
  std::vector<StoredDecision> decisions{};  ///< Newest first.
};

}  // namespace ucaas_sync
