// Events of a run: log, metrics and progress listen; nobody answers. Calls come from the run's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/events.h"
#include "daemon/model/operation.h"
#include "daemon/model/plan.h"
#include "daemon/model/source.h"

namespace ucaas_sync {

/// A line of the log: an event of the catalogue, and a sentence with values already in it. Names and e-mails of people
/// never stand in it but in `quoted`; keys of people stand in `key` alone: who listens shows both as log.people says.
struct Event {
  EventId id;
  std::string text;
  std::string key = {};                ///< Of the person it is about; the sentence goes on with it.
  std::string rest = {};               ///< What follows the key.
  std::string quoted = {};             ///< What the target or a source said, at the end: it may name people.
  std::vector<std::string> keys = {};  ///< Of several people; the sentence ends with them.
  std::string in_full = {};            ///< Where people may be named, this stands in place of all the rest.
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void OnEvent(const Event& event) = 0;
  virtual void OnProgress(std::string_view /*phase*/, std::uint64_t /*done*/, std::uint64_t /*of*/) {}
  virtual void OnSnapshot(const Snapshot& /*snapshot*/) {}
  virtual void OnPlan(const Plan& /*plan*/) {}
  virtual void OnRequest(std::string_view /*method*/, std::string_view /*route*/, int /*status*/,
                         std::string_view /*result*/, std::chrono::microseconds /*latency*/) {}
  virtual void OnOutcome(const Operation& /*operation*/, std::string_view /*verdict*/, bool /*done*/) {}
  virtual void OnRetry(std::string_view /*reason*/) {}
};

/// Hears everything and says nothing.
class SilentObserver final : public Observer {
 public:
  void OnEvent(const Event& /*event*/) override {}
};

}  // namespace ucaas_sync
