// The state: what is known of each entity (the cache) and what was done (the journal), behind interfaces that another
// database can implement. Single-threaded; every function throws StateFailure when the storage fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/attempt.h"
#include "daemon/model/consent.h"
#include "daemon/model/drift.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/fields.h"
#include "daemon/model/hash.h"
#include "daemon/model/kind.h"
#include "daemon/model/operation.h"
#include "daemon/model/plan.h"
#include "daemon/model/source.h"
#include "daemon/model/time.h"

namespace ucaas_sync {

/// Who made the remote object. Foreign ones are not in the state.
enum class Ownership : std::uint8_t { kCreated, kAdopted };
enum class Lifecycle : std::uint8_t { kActive, kSuspended, kGone /* deleted at the target; the row keeps the key */ };

/// One line of the narrow table that is loaded before a source is read: 64 bytes a person.
struct KnownEntity {
  Hash128 key_hash;      ///< HashOf(key)
  Hash128 address_hash;  ///< HashOf(FoldCase(natural key field: e-mail, group name)); zero when it has none
  Hash128 fingerprint;   ///< Of the desired fields when they were last found or made equal; zero: compare in full
  std::int64_t id = 0;
  std::uint16_t source = 0;  ///< Index into StateView::SourceNames()
  Kind kind = Kind::kUser;
  Lifecycle lifecycle = Lifecycle::kActive;
  Ownership ownership = Ownership::kCreated;
  bool was_outside = false;  ///< Its record was last seen outside the scope of its rule.
};

struct StoredEntity {
  std::int64_t id = 0;
  Kind kind = Kind::kUser;
  std::string key;
  std::string remote_id;
  FieldSet fields;                  ///< As last accepted by the target. Secrets and sent-once fields never.
  std::vector<std::string> groups;  ///< Contacts: keys of its groups, sorted.
  Lifecycle lifecycle = Lifecycle::kActive;
  Ownership ownership = Ownership::kCreated;
  std::string source;  ///< Name of the source whose record it came from.
  std::optional<Instant> suspended_at;
  std::uint64_t version = 0;  ///< state_version when the row last changed.
};

struct StoredQuarantine {
  std::string kind;
  std::string key;
  std::string reason;
  Instant since;
  SourceRef source;
  Hash128 fingerprint;  ///< RefusalMark of what the target called invalid: tried again when it differs. Else zero.
  bool by_target = false;
};

/// Somebody who stays as is: by a person's wish, or because a revert put them back.
struct StoredHold {
  std::string key;
  std::string reason;
  std::optional<Instant> until;
  Instant since = {};
  /// Set by a revert: this kind alone, until its source says something else than `mark`. Nothing: any kind.
  std::optional<Kind> kind = {};
  Hash128 mark = {};  ///< Of what the source said at the revert; zero when it could not be read.
};

/// A key that a person gave up for another one (`quarantine release NOW --as KEY`).
struct FormerKey {
  std::string key;
  std::string now;
  Instant at;
};

/// A decision that no operation tells: kept when it differs from the one before.
struct StoredDecision {
  std::string kind;
  std::string key;
  std::string run;
  Instant at;
  std::string
      word;  ///< "quarantined", "released", "held", "no longer held", "absent", "filtered out", "back", "held back"
  std::string reason;
  SourceRef source;
};

/// What the guards and the staleness checks need of the last good snapshot of a source.
struct SnapshotHistory {
  std::string source;
  std::uint64_t records = 0;
  std::uint64_t rejected = 0;
  std::string hash;
  std::vector<FileIdentity> files;
  std::vector<std::pair<std::string, std::uint64_t>> filled;  ///< attribute (lower case) → records with a value
  Instant read_at;
  std::uint64_t repeated = 0;  ///< Records that repeat the key of another one with different content.
};

/// A removal of the past, for the windows of 24 h and 7 d; also one that nobody answered, until it is known that the
/// target did not do it.
struct PastRemoval {
  Kind kind = Kind::kUser;
  Action action = Action::kSuspend;
  Instant at;
  bool approved = false;
  /// When nobody answered the removal, the state's row, or a number below 0 for the object that it was about, if the
  /// row has another one by now; else 0.
  std::int64_t unanswered = 0;
};

/// A create that was under the mark of a cut-off run and has no outcome: looked up before it is sent again. One entity
/// may have several, one for each address that its source gave it meanwhile.
struct UnknownCreate {
  Kind kind = Kind::kUser;
  std::string key;
  std::string address;  ///< e-mail or group name that was sent
  /// The name in the journal, "RUN/SEQ", of the first that was sent there: what its Idempotency-Key is made of, then
  /// and now.
  std::string operation = {};
};

/// Read side; what `plan` may ask. All answers are of one moment (a read transaction).
class StateView {
 public:
  virtual ~StateView() = default;
  /// Nothing was ever synced or adopted into this state.
  virtual bool IsEmpty() const = 0;
  virtual std::uint64_t Version() const = 0;
  virtual const std::vector<std::string>& SourceNames() const = 0;
  virtual std::size_t CountKnown() const = 0;
  virtual void ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const = 0;
  virtual StoredEntity Load(std::int64_t id) const = 0;
  virtual std::optional<StoredEntity> Find(Kind kind, std::string_view key) const = 0;
  /// (contact id, group id), sorted.
  virtual void ForEachMembership(const std::function<void(std::int64_t contact, std::int64_t group)>& visit) const = 0;
  virtual std::vector<PlanNotes::Absence> Absences() const = 0;
  /// What the last look at the target found and nothing was done about yet, by entity.
  virtual std::vector<DriftFinding> Drift() const = 0;
  /// What was put back, by entity and field.
  virtual std::vector<DriftRepair> Repairs() const = 0;
  virtual std::vector<StoredQuarantine> Quarantined() const = 0;
  virtual std::vector<StoredHold> Holds(Instant now) const = 0;
  virtual std::optional<SnapshotHistory> LastGoodSnapshot(std::string_view source) const = 0;
  /// A run has once ended with 0 or 4: from then on creates are limited.
  virtual bool FirstRunFinished() const = 0;
  /// Whom a cut-off run's stored plan has still to create: HashOf(key), sorted.
  virtual std::vector<Hash128> PendingCreates(Kind kind) const = 0;
  virtual std::vector<PastRemoval> RemovalsSince(Instant since) const = 0;
  /// By kind and key, and of one key the oldest first: each address once.
  virtual std::vector<UnknownCreate> UnknownCreates() const = 0;
  /// The last whole look at the target showed this object, and it was not ours: no create of ours has made it.
  virtual bool WasOthers(Kind kind, std::string_view remote_id) const = 0;
  /// Approvals that serve at `now`, oldest first.
  virtual std::vector<Approval> Approvals(Instant now) const = 0;
  /// When everything that is personal of `key` was erased on request; nothing when it was not.
  virtual std::optional<Instant> Forgotten(std::string_view key) const = 0;
};

struct RunStart {
  std::string trigger;  ///< "command", "schedule", "change", …
  Instant at;
};

struct RunRecord {
  std::string id;
  std::string trigger;
  Instant started;
  std::optional<Instant> ended;
  std::optional<ExitCode> outcome;              ///< Nothing while it runs or when it was cut off.
  std::string message;                          ///< Why it ended so, for people.
  std::array<KindSummary, kKindCount> summary;  ///< What was planned.
  std::uint64_t done = 0;                       ///< Operations that the target accepted.
  std::uint64_t failed = 0;
  std::uint64_t left = 0;  ///< What it planned and left to the next run, since it was stopped or found it otherwise.
  std::string plan_hash;
};

/// How one operation went; written before anything that depends on it is sent.
struct OperationOutcome {
  std::uint64_t seq = 0;
  bool done = false;    ///< Accepted by the target (or already so).
  std::string verdict;  ///< "ok", "invalid", … as in the table of codes
  std::string result;   ///< The body's `result`
  int http_status = 0;
  std::string message;  ///< msg and desc, or the transport's error
  std::uint32_t attempts = 1;
  Instant at;
  std::string request_id;                ///< Of the last reply.
  std::chrono::microseconds latency{0};  ///< Likewise.
  std::vector<Attempt> requests;         ///< Every request, when it took more than one.
  /// The entity's row from now on; nothing when the row stays as it is.
  std::optional<StoredEntity> row;
  Hash128 fingerprint;      ///< Goes with `row`.
  bool quarantine = false;  ///< Set the entity aside with `message`.
  /// Not done: whether a request may have had its effect all the same. Not when none was sent, nor when the target said
  /// of each that it did nothing.
  bool may_have_acted = true;
  /// Of what the operation changes, the membership is still to be written; another outcome will tell of it.
  bool groups_follow = false;
};

/// What was asked for an operation of which nothing more is known, or which was put off until the run was stopped.
struct UnansweredRequests {
  std::uint64_t seq = 0;
  std::vector<Attempt> requests;
};

/// The verdict on what a stopped run marked and never sent, or was told each time to come back with.
inline constexpr std::string_view kVerdictUnsent = "unsent";

/// Write side.
class Journal {
 public:
  virtual ~Journal() = default;
  virtual std::string BeginRun(const RunStart& start) = 0;
  /// Stores the plan's operations, once, before the first is sent.
  virtual void StorePlan(const std::string& run, const Plan& plan) = 0;
  /// Durable before it returns: operations up to and including `seq` may from now on have been sent.
  virtual void AdvanceMark(const std::string& run, std::uint64_t seq) = 0;
  /// One commit; rows, outcomes, quarantine and memberships together.
  virtual void RecordOutcomes(const std::string& run, std::span<const OperationOutcome> outcomes) = 0;
  /// Both in one commit, so that the disk is asked to sync once for a batch and not twice.
  virtual void RecordAndAdvance(const std::string& run, std::span<const OperationOutcome> outcomes,
                                std::uint64_t seq) = 0;
  virtual void RecordAttempts(const std::string& run, std::span<const UnansweredRequests> unanswered) = 0;
  /// Absences, fingerprints, acceptances, good snapshots, quarantine (replaced but for items by_target) in one commit.
  virtual void RecordNotes(const std::string& run, const PlanNotes& notes, std::span<const QuarantineItem> quarantine,
                           std::span<const SnapshotHistory> snapshots) = 0;
  virtual void FinishRun(const std::string& run, ExitCode outcome, const std::string& message, std::uint64_t failed,
                         const std::array<KindSummary, kKindCount>& summary, Instant at) = 0;
};

class StateStore : public StateView, public Journal {
 public:
  /// Binds a new state to an account; a bound one must fit (StateFailure, exit 78).
  virtual void Bind(const std::string& base_url, const std::string& credential_id) = 0;
  /// Newest first.
  virtual std::vector<RunRecord> Runs(std::size_t limit) const = 0;
  virtual bool PlanWasUsed(const std::string& plan_hash_and_id) const = 0;
  virtual void MarkPlanUsed(const std::string& plan_hash_and_id, Instant at) = 0;
  /// Waiting removals of the last plan, soonest first.
  virtual std::vector<DueItem> Due() const = 0;
  virtual void ReplaceDue(std::span<const DueItem> due) = 0;
};

}  // namespace ucaas_sync
