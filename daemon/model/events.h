// The one catalogue of events: what the log can say, how grave it is, and what to think or do about it. The manual's
// page ucaas-sync-events(7) is printed from it, and an Event cannot be made but from one of these.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ucaas_sync {

enum class Severity : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// "debug", "info", "warning", "error".
std::string_view Word(Severity severity);

enum class EventId : std::uint8_t {
  // The service
  kServiceStarted,
  kServiceStopped,
  kServiceCutShort,
  kListening,
  kNotListening,
  kConfigurationReloaded,
  kConfigurationRefused,
  kWatchMissing,
  kStateNotRead,
  kInventoryNotTaken,
  kNoticeNotSent,
  // Runs
  kRunBegun,
  kRunFinished,
  kRunPartial,
  kRunHeld,
  kRunFailed,
  kRunRetry,
  kRunRecovered,
  kRunNotClosed,
  kCommandFailed,
  kRepeatsLeftOut,
  // Sources and plans
  kSourceRead,
  kSourceIncomplete,
  kSourceWaitedFor,
  kPlanMade,
  kPlanHeld,
  kPlanWarning,
  kNewcomersLookedFor,
  kNewcomersUnknown,
  kRevertWithoutSources,
  // Operations and requests
  kOperationFailed,
  kOperationQuarantined,
  kExistingAdopted,
  kGroupRecreated,
  kTargetPaces,
  kTargetFails,
  kRequestRetried,
  kRequestsAbandoned,
  // Comparing with the target
  kRefreshPaused,
  kRefreshFinished,
  kRefreshFoundDrift,
  kRefreshGivenUp,
  kRefreshFailed,
  kLeftoverUnknown,
  kLeftoverFound,
  // The state
  kJournalNotTidied,
};

struct EventType {
  EventId id;
  std::string_view name;  ///< "run_failed": lower case, unique, and the same for ever.
  Severity severity;
  std::string_view sentence;  ///< What has happened.
  std::string_view advice;    ///< A paragraph: what the operator should think or do.
};

/// Every event that there is, in the order of EventId.
std::span<const EventType> EventCatalogue();
const EventType& TypeOf(EventId id);

}  // namespace ucaas_sync
