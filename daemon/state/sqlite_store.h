// The state on SQLite: DIR/state.db in WAL mode, every commit synchronous. One object is one connection.
// Ownership: owns its connection and statements; a view or record it returns is a copy.
// Threads: one thread uses one object; any number of processes may read beside the one that writes.
// Failure: everything that the storage does wrong is a StateFailure with the path, the reason and what to do. Damage is
// reported, never repaired or deleted: moving the file away is a person's decision, and leads to adoption.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::state {

enum class OpenMode : std::uint8_t {
  /// Makes directory (0700) and file (0600) when they are not there; keeps a copy of an older state and updates it.
  kReadWrite,
  /// Writes nothing and shows one moment, from the opening to the end of the object. No state: an empty one in memory.
  /// An older one is brought up to date in a copy in memory.
  kReadOnly,
};

struct StoreOptions {
  std::string program_version;             ///< Noted in the state, so that an older program can say who wrote it.
  std::uint64_t seed = 0;                  ///< For the random part of run ids; give each process another one.
  std::uint32_t busy_timeout_ms = 10'000;  ///< How long a commit waits for another process's commit.
};

struct BoundAccount {
  std::string base_url;
  std::string credential_id;
  friend bool operator==(const BoundAccount&, const BoundAccount&) = default;
};

/// What there is, for `state check`.
struct StateFacts {
  std::filesystem::path path;
  std::uint64_t bytes = 0;  ///< With its write-ahead log.
  int tables_version = 0;
  std::string written_by;
  std::array<std::array<std::uint64_t, 3>, kKindCount> entities{};  ///< by Index(Kind), then by Lifecycle
  std::array<std::uint64_t, kKindCount> adopted{};
  std::uint64_t runs = 0;
  std::uint64_t operations = 0;
  std::optional<Instant> oldest_run;
  std::uint64_t holds = 0;
  std::uint64_t forgotten = 0;
};

struct Erasure {
  std::uint64_t entities = 0;
  std::uint64_t operations = 0;
  bool files_are_clean = true;  ///< False: another process reads, and the write-ahead log still has the old pages.
};

class SqliteStore final : public StateStore {
 public:
  struct Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  ~SqliteStore() override;

  // StateView. Answers of a kReadWrite store are of one moment while a HeldMoment lives (see HoldMoment).
  bool IsEmpty() const override;
  std::uint64_t Version() const override;
  const std::vector<std::string>& SourceNames() const override;
  std::size_t CountKnown() const override;
  void ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const override;
  StoredEntity Load(std::int64_t id) const override;
  std::optional<StoredEntity> Find(Kind kind, std::string_view key) const override;
  void ForEachMembership(const std::function<void(std::int64_t contact, std::int64_t group)>& visit) const override;
  std::vector<PlanNotes::Absence> Absences() const override;
  std::vector<DriftFinding> Drift() const override;
  std::vector<DriftRepair> Repairs() const override;
  std::vector<StoredQuarantine> Quarantined() const override;
  std::vector<StoredHold> Holds(Instant now) const override;
  std::optional<SnapshotHistory> LastGoodSnapshot(std::string_view source) const override;
  bool FirstRunFinished() const override;
  std::vector<Hash128> PendingCreates(Kind kind) const override;
  std::vector<PastRemoval> RemovalsSince(Instant since) const override;
  std::vector<Approval> Approvals(Instant now) const override;
  std::optional<Instant> Forgotten(std::string_view key) const override;

  // Journal.
  /// Closes runs that were cut off first: they get an end, a message and no outcome; their unknown creates stay known.
  std::string BeginRun(const RunStart& start) override;
  /// Secret fields are not stored.
  void StorePlan(const std::string& run, const Plan& plan) override;
  void AdvanceMark(const std::string& run, std::uint64_t seq) override;
  void RecordAndAdvance(const std::string& run, std::span<const OperationOutcome> outcomes, std::uint64_t seq) override;
  void RecordAttempts(const std::string& run, std::span<const UnansweredRequests> unanswered) override;
  /// The row is found by its id, or by kind and key when the id is 0; then one that is there with another object is not
  /// replaced: StateFailure, and nothing of the commit is written. A gone row loses its remote id, memberships and
  /// absence. Keys in row.groups that the state does not know are left out: the next plan adds them again. A create
  /// that is not done and may have acted joins UnknownCreates(), whatever its verdict but "duplicate", also when it is
  /// set aside; whatever is done, or set aside and has surely done nothing, leaves it with all addresses.
  void RecordOutcomes(const std::string& run, std::span<const OperationOutcome> outcomes) override;
  void RecordNotes(const std::string& run, const PlanNotes& notes, std::span<const QuarantineItem> quarantine,
                   std::span<const SnapshotHistory> snapshots) override;
  /// Of a held plan's notes what is believed: who is missing no more, and when to look again. Here and in RecordNotes:
  /// what a person has wished while the plan was made stays due.
  void RecordHeldNotes(const PlanNotes& notes);
  void FinishRun(const std::string& run, ExitCode outcome, const std::string& message, std::uint64_t failed,
                 const std::array<KindSummary, kKindCount>& summary, Instant at) override;
  /// Before the run's end: how much of its plan the next one has to do.
  void NoteLeft(const std::string& run, std::uint64_t left);
  std::vector<UnknownCreate> UnknownCreates() const override;
  bool WasOthers(Kind kind, std::string_view remote_id) const override;

  // StateStore.
  /// A kReadOnly store checks, and leaves an unbound state unbound.
  void Bind(const std::string& base_url, const std::string& credential_id) override;
  std::vector<RunRecord> Runs(std::size_t limit) const override;
  bool PlanWasUsed(const std::string& plan_hash_and_id) const override;
  void MarkPlanUsed(const std::string& plan_hash_and_id, Instant at) override;
  std::vector<DueItem> Due() const override;
  void ReplaceDue(std::span<const DueItem> due) override;

  // Beyond the interface.
  /// Of runs that ended: the operations behind UnknownCreates(), oldest first.
  std::vector<Operation> LeftoverCreates() const;
  /// The creates of `create`'s entity are unknown no more: `found` is its row from now on, or nothing was there. With a
  /// row, the next run is due at `at`.
  void RecordLeftover(const Operation& create, const std::optional<StoredEntity>& found, Instant at);
  struct FoundLeftover {
    Operation create;
    StoredEntity row;          ///< From now on.
    Hash128 fingerprint = {};  ///< Of the entity that was created; zero: the next plan compares it field by field.
  };
  /// The same for several, in one commit.
  void RecordFound(std::span<const FoundLeftover> found, Instant at);
  /// Entities with a change whose outcome nobody knows: of a cut-off run, or given up without an answer. By id.
  std::vector<std::int64_t> UnknownChanges() const;
  /// Whether a change of this entity may have had an effect that the row does not tell; of a run without its end too.
  bool HasUnknownChange(std::int64_t entity) const;
  /// Of those, the changes without an outcome that were sent, or may have been, to what may have been gone by then:
  /// such a change makes its object anew, under another id. Oldest first.
  std::vector<Operation> UnansweredUpdates() const;
  /// By entity with a change whose outcome nobody knows: the addresses that changes of the last runs were to give it.
  std::map<std::int64_t, std::vector<std::string>> AddressesInDoubt() const;
  /// What became of changes of unknown outcome.
  struct SettledChanges {
    std::vector<std::int64_t> entities;  ///< Unknown no more.
    std::vector<StoredEntity> moved{};   ///< Rows of those whose object was made anew, with its id.
    std::vector<DriftFinding> found{};   ///< Whom the target shows otherwise than the state, a moved row included.
    std::vector<std::int64_t> untold{};  ///< Users of whom the target does not say whether they are let in.
  };
  /// With rows that moved, findings, or removals that count no longer, the next run is due at `at`.
  void RecordChanges(const SettledChanges& settled, Instant at);
  /// `due_at` becomes `at` unless it is earlier.
  void NoteDue(Instant at);
  /// While it lives, all reads of this object are of one moment, and writes are a programmer's error (logic_error).
  class HeldMoment {
   public:
    explicit HeldMoment(Impl& impl);
    ~HeldMoment();
    HeldMoment(const HeldMoment&) = delete;
    HeldMoment& operator=(const HeldMoment&) = delete;

   private:
    Impl* impl_;
  };
  [[nodiscard]] std::unique_ptr<HeldMoment> HoldMoment();
  /// Whether another connection has written to the file since the last moment began, or else since this one was opened.
  /// False when that cannot be told.
  bool WasWrittenByOthers() const noexcept;

  /// The instant noted by the last RecordNotes at which the same files would give another plan.
  std::optional<Instant> DueAt() const;
  RefreshCursor Refresh() const;
  /// Digests of what the refresh under way was shown, in no order.
  std::vector<std::uint64_t> RefreshSeen() const;
  /// One commit. A cursor without a start ends the refresh under way: what it was shown is forgotten, and so are
  /// repairs from before it of entities that agree now. `due_at` becomes `wake_at` unless it is earlier.
  void RecordRefresh(const RefreshProgress& progress, const std::optional<Instant>& wake_at);
  /// Who is at the target, by entity.
  void ForEachRemote(const std::function<void(std::int64_t id, Kind kind, std::string_view remote_id)>& visit) const;
  /// Counts one more round where the same value is put back as before, else the first.
  void RecordRepairs(std::span<const DriftRepair> repairs, Instant at);
  /// Attributes that the target keeps rewriting, as it was last found; by kind and key.
  std::vector<LeftAlone> LeftAlones() const;
  /// Who is gone from the sources and stays in the account because it was adopted; by kind and key.
  std::vector<StoredDecision> Kept() const;
  /// Replaces the lasting warnings that were said before; answers with those among `now` that are news.
  std::set<std::string> NoteWarnings(const std::vector<std::string>& now);
  /// What a person says beside the runs. Each is one commit, and makes the next poll due at `now`: the same files give
  /// another plan from then on.
  void PutHold(const StoredHold& hold) { PutHolds({&hold, 1}); }
  void PutHolds(std::span<const StoredHold> holds);
  /// Ends holds of reverts, of those kinds alone.
  void EndRevertHolds(std::span<const StoredHold> holds);
  /// False when nobody held it.
  bool RemoveHold(std::string_view key, Instant now);
  /// Ends what the target's refusal set aside under `key`, whatever its kind; how many there were.
  std::size_t ReleaseByTarget(std::string_view key, Instant now);
  /// Gives the user and the contact with the key `from` the key `to`, with whatever is known of them. A row of a
  /// deleted object in the way makes room. Throws StateFailure (kUsage) with the reason when nobody has `from`, or
  /// somebody `to`. Answers with the kinds.
  std::vector<Kind> Rekey(const std::string& from, const std::string& to, Instant now);
  /// From now on `approval` serves.
  void RecordApproval(const Approval& approval);
  /// The last few whose time is over, newest first, without their scopes.
  std::vector<Approval> EndedApprovals(Instant now) const;

  /// What a guard holds since when, by the last run that was held; its scope is without operations.
  struct HeldPlan {
    std::string run;
    Instant since;
    ConsentScope scope;
  };
  std::optional<HeldPlan> Held() const;
  /// Whether a held run stands for all that waits, or was about one person and leaves standing what does.
  enum class Reach { kAll, kOnePerson };
  /// `run` was held by what `scope` says, and would have done what `decisions` say. Scopes of the last few held runs
  /// are kept, decisions when they differ from the last.
  void RecordHeld(const std::string& run, const ConsentScope& scope, std::span<const StoredDecision> decisions,
                  Instant at, Reach reach = Reach::kAll);
  /// Nothing is held any more.
  void ClearHeld();
  /// Until when the target has asked to be left alone, by the last request that it answered so.
  std::optional<Instant> TargetPause() const;
  /// Also while a moment is held, which does not show it: WasWrittenByOthers is true then.
  void NoteTargetPause(Instant until);
  /// What `run` held, or nothing when it held nothing or that is not kept any more.
  std::optional<ConsentScope> ScopeOfRun(const std::string& run) const;
  /// How many operations the plan of `run` had, also when the journal keeps only some of them; 0 for a run that was cut
  /// off.
  std::uint64_t PlannedBy(const std::string& run) const;
  /// A run's operations in order, each with its outcome or nothing. Throws StateFailure (kUsage) for an unknown run.
  void ForEachOperation(const std::string& run,
                        const std::function<void(const Operation&, const OperationOutcome*)>& visit) const;

  // The past of one entity (history.cc), for `explain`.
  struct PastOperation {
    RunRecord run;
    Operation operation;
    std::optional<OperationOutcome> outcome;
    std::vector<Attempt> requests;  ///< As far as the outcome does not tell it all.
  };
  /// Operations on this key of any kind, newest first, at most `limit`; with `upto`, of that run and those before it.
  /// Looks through the whole journal: nothing that a run should ask.
  std::vector<PastOperation> PastOperations(std::string_view key, std::size_t limit,
                                            const std::string& upto = {}) const;
  /// Decisions on this key, newest first, likewise.
  std::vector<StoredDecision> PastDecisions(std::string_view key, std::size_t limit,
                                            const std::string& upto = {}) const;
  /// Nothing for a run that is not known.
  std::optional<RunRecord> FindRun(const std::string& run) const;
  /// Keys of all entities with this e-mail or name (ignoring case), those that are gone included; sorted, each once.
  std::vector<std::string> KeysWithAddress(std::string_view address) const;
  /// Keys of users and contacts to whom or from whom a run of the journal once moved this e-mail; sorted, each once.
  std::vector<std::string> KeysOnceWithAddress(std::string_view address) const;
  /// What `key` was before, and what it is now, oldest first.
  std::vector<FormerKey> FormerKeys(std::string_view key) const;

  /// What is wrong with the file and with what it says, one sentence each; empty when all is well. Reads everything.
  std::vector<std::string> Check() const;
  /// Copies the state, as it is at one moment, to a new file (mode 0600) beside any number of readers and writers, and
  /// checks the copy. Refuses a path that exists; leaves nothing behind when it fails.
  void Backup(const std::filesystem::path& path) const;
  StateFacts Facts() const;
  /// By Index(Kind), then by Lifecycle. Looks at every entity.
  std::array<std::array<std::uint64_t, 3>, kKindCount> CountEntities() const;
  const std::filesystem::path& path() const;
  std::optional<BoundAccount> Account() const;
  /// Binds it to another account. Whether that is the same one under another name is for the caller to know.
  void Rebind(const BoundAccount& account);
  /// Takes over from an older state of the same account what no list of the target can tell: holds, who was forgotten,
  /// plans that were used, creates that nobody answered, what was others' before them, the last good read of each
  /// source, and the removals that the guards still count; of those that nobody answered the ones that `was_done`, by
  /// what the target shows. This state must not have had a run.
  void TakeOver(const SqliteStore& old,
                const std::function<bool(Kind kind, Action action, const std::string& remote_id)>& was_done);

  /// For a state that is made anew: its versions are all above `last`, the old one's, so that what was planned with
  /// that one is seen to be outdated.
  void ContinueVersions(std::uint64_t last);

  /// Removes runs that ended before `before`, oldest first, at most `budget` operations, and older copies by upgrades.
  /// What plans still ask of the journal stays: the last finished run, the last plan, creates of unknown outcome.
  void RemoveOldRuns(Instant before, std::uint64_t budget);

  /// Keys of the users and contacts that are meant: the key itself or what it is now, else who has or had that e-mail.
  std::vector<std::string> KeysOf(std::string_view who) const;
  /// Erases every personal value of the users and contacts with `key`, from the files too, and notes that it did.
  Erasure Forget(const std::string& key, Instant at);

 private:
  /// Within the commit of the notes.
  void AcceptDrift(const std::vector<DriftAcceptance>& accepted, Instant now);
  /// Within a commit: their objects are others by now.
  void MoveRows(std::span<const StoredEntity> moved);

  std::unique_ptr<Impl> impl_;
};

/// Opens the state in `dir`. A directory that others may write to, a file that is not ours, a newer one (78) and a
/// damaged one (1) are refused.
std::unique_ptr<SqliteStore> OpenStore(const std::filesystem::path& dir, OpenMode mode, const StoreOptions& options);
/// Whether there is a state in `dir` whose tables are of an older program. Whoever opens it for reading works on a copy
/// in memory; opening it for writing brings it up to date.
bool IsOlder(const std::filesystem::path& dir);
/// An empty state in memory, open for reading.
std::unique_ptr<SqliteStore> EmptyStore(const StoreOptions& options);

/// The file in `dir`, whether it is there or not.
std::filesystem::path StatePath(const std::filesystem::path& dir);

}  // namespace ucaas_sync::state
