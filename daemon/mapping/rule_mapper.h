// One record under one rule: in scope or not, left or not, let in or not, and if so its fields.
// Single-threaded; every view that the sink gets is valid during the call only. Never throws for what a record holds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "daemon/mapping/join.h"
#include "daemon/mapping/rules.h"
#include "daemon/mapping/scratch.h"
#include "daemon/model/entity.h"
#include "daemon/model/record.h"
#include "daemon/model/time.h"
#include "daemon/model/trace.h"

namespace ucaas_sync::mapping {

class RuleMapper {
 public:
  /// `book` and `partners` must outlive it; `partners` may change between records.
  RuleMapper(const RuleBook& book, const std::vector<Partner>& partners) : book_(book), partners_(partners) {}

  /// A new run.
  void Begin(EntitySink& sink, Trace* trace);
  /// A new record, or the records of one key that are told apart by `prefer`: each of them is rejected at most once,
  /// whatever rules do not take it. They must live until EndKey.
  void StartKey();
  void StartRecord(std::size_t source, const Record& record);
  void EndKey();

  /// Whether `rule` would let the record in: in scope and matching the filter. Undefined where that cannot be told now.
  Verdict LetsIn(const CompiledRule& rule, const Record& record);
  /// What templates find that look at all values of an attribute: those of several records of one key, or of the record
  /// alone.
  struct Gathered {
    const Record& record;
    bool is_whole = true;  ///< False: whether one of them counts cannot be told now.
    bool leads = true;     ///< False: whether the record that is mapped leads them cannot be told now.
  };
  /// Sends what the record is under `rule` to the sink.
  void Map(const CompiledRule& rule, const Record& record, const Gathered& gathered);
  /// A record that the source's own filter keeps out.
  void KeepOut(const CompiledSource& source, const Record& record, const Facts& own);
  /// For a trace: why the next record that is mapped leads others.
  void NotePreference(std::string text) { preference_ = std::move(text); }
  /// Sets the record's entity aside for `reason` without looking further.
  void Quarantine(const CompiledRule& rule, const Record& record, const std::string& reason);
  enum class KeyOf : std::uint8_t { kRecord, kNobody };
  /// A record that nobody can use. `key`: kNobody where its own is blank, so that every key in it is somebody else's.
  void Reject(const Record& record, const std::string& reason, KeyOf key = KeyOf::kRecord);
  /// The same, of the reader's.
  void NoteReject(std::size_t source) { has_rejects_[source] = true; }
  bool has_rejects(std::size_t source) const { return has_rejects_[source]; }
  /// Some record of the source may name a group that nobody knows: none is then proved to be gone.
  bool hides_groups(std::size_t source) const { return hides_groups_[source]; }
  /// Groups that some records say left, are out of scope or cannot be told of, and that no record of the source
  /// presents.
  void FlushHeldGroups(std::size_t source);

  /// Why a filter could not be judged, for people.
  std::string Explain(const CompiledSource& source, const Findings& findings) const;
  void NoteTurn(const Findings& findings);
  const std::optional<Date>& turns() const { return turns_; }
  Scratch& scratch() { return scratch_; }

 private:
  struct HeldGroup {
    std::uint16_t source = 0;
    std::uint16_t rule = 0;
    Standing standing = Standing::kPresent;
    std::string key;
    std::string reason;
    FieldSet fields;
    std::uint64_t line = 0;
    std::string dn;
    Hash128 record_hash;
  };

  struct GroupReject {
    const Record* record = nullptr;
    std::string reason;
  };

  void MapRecord(const CompiledRule& rule, const Record& record, const Gathered& gathered);
  /// Tells whom `filter` (its name and place) keeps out: somebody who is known may have been let in before.
  /// `is_in_scope`: the rule's scope lets the record in, so that their absence counts. `may_have_left`: a rejected
  /// record may say so.
  void FilteredOut(const CompiledRule& rule, const Record& record, std::string_view filter, bool is_in_scope,
                   bool may_have_left);

  // rule_trace.cc: only with a trace.
  /// Whether the record is about the person that is traced.
  bool IsTraced(const CompiledRule& rule, const Record& record);
  /// Maps a record that is traced once more, with its decisions noted and nothing sent to the sink.
  void Retrace(const CompiledRule& rule, const Record& record, const Gathered& gathered);
  void NoteRecord(const CompiledRule& rule, const Record& record);
  void NoteJoins(const CompiledRule& rule, const Record& record);
  void NoteFilter(std::string name, const CompiledSource& source, const Filter& filter, Verdict verdict,
                  const Facts& facts, std::span<const DateReader> dates);
  void NoteField(const CompiledRule& rule, const CompiledField& field);
  void NoteEntity();

  Facts FactsOf(const CompiledRule& rule, const Record& record, JoinedRecord& joined);
  Standing Judge(const CompiledRule& rule, const Facts& facts);
  /// What `filter` says where a joined record that does not exist is taken for one without values.
  static Verdict JudgeWithoutPartner(const CompiledRule& rule, const Filter& filter, const Facts& facts);
  /// Whether it keeps the record out then, and no rejected record can be the missing one.
  static bool KeepsOutWithoutPartner(const CompiledRule& rule, const Filter& filter, const Facts& facts);
  /// What a record is that `filter` cannot judge because a joined record does not exist; `outside`: when it says no.
  Standing WithoutPartner(const CompiledRule& rule, const Filter& filter, const Facts& facts, Slot slot,
                          Standing outside);
  /// The day on which a record that does not match `left` begins to, by dates alone; `turn`: when a clause first turns.
  std::optional<Date> LeavesOn(const CompiledRule& rule, const Facts& facts, Date turn);
  std::optional<std::string_view> FindKey(const CompiledRule& rule, const Facts& facts, const Record& record,
                                          Standing standing);
  std::optional<std::string_view> KeyFrom(const CompiledRule& rule, const Rendered& rendered, const Record& record);
  void RefuseKey(const CompiledRule& rule, const Facts& facts, const Record& record, Standing standing,
                 const Rendered& rendered);
  /// The record's group is not known; its person is.
  void RefuseGroup(const CompiledRule& rule, const Facts& facts, const Record& record, Standing standing,
                   const Rendered& rendered);
  void RejectGroup(const Record& record, const std::string& reason);
  bool IsFirstRejectOf(const Record& record);
  void MapFields(const CompiledRule& rule, const Facts& facts, const Facts& all);
  void CheckField(const CompiledRule& rule, const CompiledField& field, const Rendered& rendered, const Facts& facts);
  void MapGroups(const CompiledRule& rule, const Facts& all);
  void MapMembers(const CompiledRule& rule, const Facts& all);
  void Emit(const CompiledRule& rule);
  bool IsNewGroup(const CompiledRule& rule);
  /// A value in a sentence.
  static std::string Quoted(std::string_view value);
  std::string Attribute(const CompiledRule& rule, const Facts& facts, Slot slot) const;
  std::string ExplainFailure(const CompiledRule& rule, const Facts& facts, const Rendered& rendered) const;
  std::string ExplainFindings(const CompiledRule& rule, const Facts& facts, const Findings& findings) const;
  std::string ExplainNoPartner(const CompiledRule& rule, const Facts& facts, Slot slot) const;
  std::string ExplainSilence(const CompiledRule& rule, const Facts& facts, Slot slot) const;
  void AddProblem(std::string_view problem);
  Workbench& bench() { return bench_; }

  const RuleBook& book_;
  const std::vector<Partner>& partners_;
  EntitySink* sink_ = nullptr;
  Trace* trace_ = nullptr;
  RecordTrace* note_ = nullptr;  ///< Set while a record is mapped for its trace alone.
  std::string preference_;
  std::optional<Date> turns_;
  std::optional<Date> leaves_on_;             ///< Of the record that was judged last.
  std::vector<std::optional<Filter>> later_;  ///< By rule: `left` as other days will judge it.

  Scratch scratch_;
  Workbench bench_{.scratch = scratch_, .values = {}, .more = {}, .text = {}, .whole = {}};
  Record partner_record_;
  JoinedRecord joined_;
  JoinedRecord joined_gathered_;
  bool gathered_is_whole_ = true;
  std::string reason_;
  EntityView view_;
  std::vector<std::string_view> groups_;
  std::vector<std::string_view> members_;
  std::string hash_input_;
  Hash128 record_hash_;
  std::size_t source_ = 0;
  std::string left_unknown_;                   ///< Why `left` cannot be judged, for want of a joined record.
  bool lacks_partner_ = false;                 ///< That is why the filter that was judged last says nothing.
  bool is_records_trouble_ = false;            ///< What quarantines the view is not in the fields.
  std::vector<std::uint64_t> rejected_lines_;  ///< Since StartKey.
  std::vector<GroupReject> group_rejects_;     ///< Since StartKey.

  std::unordered_set<Hash128, Hash128Hasher> seen_groups_;       ///< Everything that was emitted of them.
  std::unordered_set<Hash128, Hash128Hasher> presented_groups_;  ///< Keys, by rule.
  std::unordered_set<Hash128, Hash128Hasher> doubtful_groups_;   ///< The same, of those held for one record's trouble.
  std::vector<HeldGroup> held_groups_;
  std::vector<bool> silence_reported_;  ///< By rule.
  std::vector<bool> has_rejects_;       ///< By source.
  std::vector<bool> hides_groups_;      ///< By source.
};

}  // namespace ucaas_sync::mapping
