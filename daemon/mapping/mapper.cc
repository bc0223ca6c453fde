#include "daemon/mapping/mapper.h"

#include <algorithm>
#include <utility>

#include "daemon/mapping/join.h"
#include "daemon/mapping/normalize.h"
#include "daemon/mapping/rejected_values.h"
#include "daemon/mapping/rule_mapper.h"
#include "daemon/mapping/rules.h"

namespace ucaas_sync::mapping {

class Mapper::Impl {
 public:
  explicit Impl(std::unique_ptr<RuleBook> book)
      : book_(std::move(book)),
        partners_(book_->sources.size()),
        counts_(book_->sources.size()),
        waiting_(book_->sources.size()),
        rejected_(book_->sources.size()),
        mapper_(*book_, partners_) {
    for (std::size_t i = 0; i < book_->sources.size(); ++i) inputs_.emplace_back(*this, i);
  }

  void Begin(const Times& times, EntitySink& sink, Trace* trace) {
    times_ = times;
    sink_ = &sink;
    trace_ = trace;
    book_->SetToday(times.today);
    mapper_.Begin(sink, trace);
    for (std::size_t i = 0; i < book_->sources.size(); ++i) {
      partners_[i] = {};
      waiting_[i].Clear();
      rejected_[i].Clear();
      counts_[i] = {};
      counts_[i].filled.assign(book_->sources[i].table.size(), 0);
    }
  }

  const RuleBook& book() const { return *book_; }
  RecordSink& input(std::size_t source) { return inputs_[source]; }

  void OnRecord(std::size_t index, const Record& raw) {
    const CompiledSource& source = book_->sources[index];
    SourceCounts& counts = counts_[index];
    mapper_.scratch().Reset();
    Normalize(raw, source.first_marker, record_, mapper_.scratch());
    ++counts.records;
    for (Slot slot = 0; slot < source.first_marker; ++slot) {
      if (record_.Has(slot)) ++counts.filled[slot];
    }

    mapper_.StartKey();
    mapper_.StartRecord(index, record_);
    Findings findings;
    const Facts own = OwnFacts(source, record_);
    CountCutShort(counts, own);
    const Verdict verdict = source.filter.Judge(own, {&source.dates, 1}, findings);
    mapper_.NoteTurn(findings);
    if (verdict == Verdict::kNo) {
      mapper_.KeepOut(source, record_, own);
      return;
    }
    if (verdict == Verdict::kUndefined) {
      if (TellsRecordsApart(source)) {
        for (const Record::Cell& cell : record_.cells()) rejected_[index].Add(cell.value);
      }
      mapper_.Reject(record_, mapper_.Explain(source, findings));
      return;
    }
    ++counts.passed;
    const std::string_view key = record_.First(source.key);
    if (!source.prefer.empty() && !key.empty()) {
      waiting_[index].Add(key, record_, {}, true);
      return;
    }
    if (source.is_joined() && !key.empty()) {
      partners_[index].records.Add(key, record_, source.joined, book_->keeps_partners_dn);
    }
    for (const std::size_t rule : source.rules) mapper_.Map(book_->rules[rule], record_, {.record = record_});
    mapper_.EndKey();
  }

  void OnReject(std::size_t index, const Reject& reject) {
    mapper_.scratch().Reset();
    mapper_.NoteReject(index);
    std::vector<std::string_view> values;
    values.reserve(reject.values.size());
    for (const std::string_view value : reject.values) {
      const std::string_view normal = Normalize(value, mapper_.scratch());
      if (normal.empty()) continue;
      values.push_back(normal);
      if (TellsRecordsApart(book_->sources[index])) rejected_[index].Add(normal);
    }
    sink_->OnReject({.source = static_cast<std::uint16_t>(index),
                     .file = reject.file,
                     .line = reject.line,
                     .reason = reject.reason,
                     .values = values});
  }

  SourceCheck EndSource(std::size_t index, const Snapshot& snapshot) {
    for (const KeyedRecords::Ref first : waiting_[index].firsts()) DeliverWaiting(index, first);
    waiting_[index].Clear();
    mapper_.FlushHeldGroups(index);
    Partner& partner = partners_[index];
    SourceCheck check = CheckSource(*book_, index, counts_[index], partners_, snapshot);
    partner.is_healthy = snapshot.complete() && check.problems.empty();
    partner.has_rejects = mapper_.has_rejects(index);
    NoteCarried(book_->sources[index], counts_[index], snapshot, partner);
    partner.rejected = std::move(rejected_[index]);
    check.hides_groups = mapper_.hides_groups(index);
    return check;
  }

  void End() {
    for (Partner& partner : partners_) partner = {};
    sink_ = nullptr;
    trace_ = nullptr;
  }

  std::optional<Instant> due_at() const {
    if (!mapper_.turns()) return std::nullopt;
    return StartOf(*mapper_.turns(), times_.timezone);
  }

 private:
  class Input final : public RecordSink {
   public:
    Input(Impl& impl, std::size_t source) : impl_(impl), source_(source) {}
    bool OnRecord(const Record& record) override {
      impl_.OnRecord(source_, record);
      return true;
    }
    void OnReject(const Reject& reject) override { impl_.OnReject(source_, reject); }

   private:
    Impl& impl_;
    std::size_t source_;
  };

  /// Several records of one key, of which one must lead.
  struct Contenders {
    std::vector<Record> records;
    std::vector<std::vector<std::int64_t>> ranks;
    std::string trouble;  ///< Why they cannot be ranked.
    bool is_all = true;   ///< False: a rejected record may be another of them.
  };

  /// Whether another record of a key takes part in what is made of it.
  static bool TellsRecordsApart(const CompiledSource& source) { return source.is_joined() || !source.prefer.empty(); }

  /// Valid until the next call.
  Facts OwnFacts(const CompiledSource& source, const Record& record) {
    origins_.clear();
    MarkCutShort(source, record, origins_);
    return {.record = record, .origins = origins_};
  }

  /// What has more values than are listed has one, though none is.
  static void CountCutShort(SourceCounts& counts, const Facts& own) {
    for (Slot slot = 0; slot < own.origins.size() && slot < counts.filled.size(); ++slot) {
      if (own.origins[slot] == kCutShort && !own.record.Has(slot)) ++counts.filled[slot];
    }
  }

  static void NoteCarried(const CompiledSource& source, const SourceCounts& counts, const Snapshot& snapshot,
                          Partner& partner) {
    for (Slot slot = 0; slot < source.table.size(); ++slot) {
      partner.carried.push_back(counts.filled[slot] > 0);
      partner.hidden.push_back(partner.has_rejects && MayHaveAttribute(source, source.table.NameOf(slot), snapshot));
    }
  }

  void DeliverWaiting(std::size_t index, KeyedRecords::Ref first) {
    const CompiledSource& source = book_->sources[index];
    const KeyedRecords& waiting = waiting_[index];
    Contenders contenders;
    contenders.records.emplace_back();
    waiting.Load(first, contenders.records.back());
    for (const KeyedRecords::Ref other : waiting.Others(first)) {
      waiting.Load(other, contenders.records.emplace_back());
    }
    mapper_.scratch().Reset();
    std::vector<std::size_t> all(contenders.records.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    if (all.size() > 1) RankAll(source, contenders);
    const std::string_view key = waiting.KeyOf(first);
    if (rejected_[index].MayHold(key)) {
      contenders.is_all = false;
      contenders.trouble = "a rejected record carries its key, and may be the one that leads";
    }

    if (source.is_joined()) {
      for (const std::size_t leader : Leaders(contenders, all)) {
        partners_[index].records.Add(key, contenders.records[leader], source.joined, book_->keeps_partners_dn);
      }
    }
    mapper_.StartKey();
    for (const std::size_t rule : source.rules) DeliverWaiting(index, book_->rules[rule], contenders, all);
    mapper_.EndKey();
  }

  void DeliverWaiting(std::size_t index, const CompiledRule& rule, const Contenders& contenders,
                      const std::vector<std::size_t>& all) {
    // Filters are judged before duplicates: whom the rule lets in, or may let in, contends. Only when it lets nobody in
    // does the leading one of all say why (it left, it is out of scope).
    std::vector<std::size_t> let_in;
    std::vector<bool> is_doubtful(contenders.records.size(), false);
    bool is_whole = true;
    if (all.size() > 1 || !contenders.is_all) {
      for (const std::size_t i : all) {
        mapper_.StartRecord(index, contenders.records[i]);
        const Verdict verdict = mapper_.LetsIn(rule, contenders.records[i]);
        if (verdict != Verdict::kNo) let_in.push_back(i);
        is_doubtful[i] = verdict == Verdict::kUndefined;
        is_whole = is_whole && !is_doubtful[i];
      }
    }
    const std::vector<std::size_t>& field = let_in.empty() ? all : let_in;
    const bool may_give_way = !contenders.is_all && !let_in.empty();
    if (!contenders.trouble.empty() && (field.size() > 1 || may_give_way)) {
      SetAside(index, rule, contenders, field, contenders.trouble);
      return;
    }
    // Several leaders: no clause tells them apart. They go on as what they are, two records with one key.
    std::vector<std::size_t> leaders = Leaders(contenders, field);
    for (const std::size_t leader : leaders) {
      const Record& record = contenders.records[leader];
      mapper_.StartRecord(index, record);
      if (trace_ != nullptr && all.size() > 1) mapper_.NotePreference(Preferred(contenders, all, field.size()));
      if (field.size() == 1) {
        mapper_.Map(rule, record, {.record = record, .leads = contenders.is_all && !is_doubtful[leader]});
        continue;
      }
      // Of so many that nothing tells apart it is no matter what each would come to with the others' values.
      constexpr std::size_t kMostGathered = 25'000'000;
      if (leaders.size() * field.size() > kMostGathered) {
        mapper_.Map(rule, record, {.record = record, .is_whole = false, .leads = !is_doubtful[leader]});
        continue;
      }
      gathered_.Clear();
      gathered_.line = record.line;
      gathered_.dn = record.dn;
      AddCells(record);
      for (const std::size_t i : field) {
        if (i != leader) AddCells(contenders.records[i]);
      }
      mapper_.Map(rule, record, {.record = gathered_, .is_whole = is_whole, .leads = !is_doubtful[leader]});
    }
    if (rule.keyed_by_source()) return;
    // By another key than the source's, whoever would lead if those may not is somebody else, who must not be missed.
    std::vector<std::size_t> rest = field;
    constexpr int kMostRounds = 100;
    int rounds = 0;
    while (std::all_of(leaders.begin(), leaders.end(), [&](std::size_t leader) { return is_doubtful[leader]; })) {
      std::sort(leaders.begin(), leaders.end());
      std::erase_if(rest, [&](std::size_t i) { return std::binary_search(leaders.begin(), leaders.end(), i); });
      if (rest.empty()) return;
      leaders = ++rounds < kMostRounds ? Leaders(contenders, rest) : rest;
      SetAside(index, rule, contenders, leaders, "which of the records with this key leads cannot be told now");
    }
  }

  /// All whom they may be: one by the source's key, as many as there are by another.
  void SetAside(std::size_t index, const CompiledRule& rule, const Contenders& contenders,
                const std::vector<std::size_t>& field, const std::string& reason) {
    for (const std::size_t i : field) {
      mapper_.StartRecord(index, contenders.records[i]);
      mapper_.Quarantine(rule, contenders.records[i], reason);
      if (rule.keyed_by_source()) return;
    }
  }

  /// For a trace: among which records the one that is mapped now leads.
  static std::string Preferred(const Contenders& contenders, const std::vector<std::size_t>& all, std::size_t let_in) {
    std::string text = "leads " + std::to_string(all.size()) + " records with this key, lines";
    for (const std::size_t i : all) text += ' ' + std::to_string(contenders.records[i].line);
    return let_in == all.size() ? text : text + "; the filter lets in " + std::to_string(let_in) + " of them";
  }

  void AddCells(const Record& record) {
    for (const Record::Cell& cell : record.cells()) gathered_.Add(cell.slot, cell.value);
  }

  void RankAll(const CompiledSource& source, Contenders& contenders) {
    for (const Record& record : contenders.records) {
      Findings findings;
      auto rank = source.prefer.Rank(OwnFacts(source, record), source.dates, findings);
      mapper_.NoteTurn(findings);
      if (!rank && contenders.trouble.empty()) {
        contenders.trouble = "which of " + std::to_string(contenders.records.size()) +
                             " records leads cannot be told: " + mapper_.Explain(source, findings) + ", line " +
                             std::to_string(record.line);
      }
      contenders.ranks.push_back(rank ? std::move(*rank) : std::vector<std::int64_t>());
    }
  }

  static std::vector<std::size_t> Leaders(const Contenders& contenders, const std::vector<std::size_t>& field) {
    if (field.size() == 1 || !contenders.trouble.empty()) return field;
    std::vector<std::size_t> leaders;
    for (const std::size_t i : field) {
      if (!leaders.empty() && contenders.ranks[i] > contenders.ranks[leaders.front()]) leaders.clear();
      if (leaders.empty() || contenders.ranks[i] == contenders.ranks[leaders.front()]) leaders.push_back(i);
    }
    return leaders;
  }

  std::unique_ptr<RuleBook> book_;
  std::vector<Partner> partners_;         // by source
  std::vector<SourceCounts> counts_;      // by source
  std::vector<KeyedRecords> waiting_;     // by source: for others of their key
  std::vector<RejectedValues> rejected_;  // by source, where another record than those that were read would count
  RuleMapper mapper_;
  std::vector<Input> inputs_;  // by source
  EntitySink* sink_ = nullptr;
  Trace* trace_ = nullptr;
  Times times_;
  Record record_;
  Record gathered_;
  std::vector<Origin> origins_;
};

Mapper::Mapper(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mapper::Mapper(Mapper&&) noexcept = default;
Mapper& Mapper::operator=(Mapper&&) noexcept = default;
Mapper::~Mapper() = default;

Mapper Mapper::Compile(const config::Config& config, config::Diagnostics& diagnostics) {
  return Mapper(std::make_unique<Impl>(RuleBook::Compile(config, diagnostics)));
}

void Mapper::Begin(const Times& times, EntitySink& sink, Trace* trace) {
  impl_->Begin(times, sink, trace);
}

std::vector<std::size_t> Mapper::ReadOrder() const {
  return impl_->book().read_order;
}

AttributeTable Mapper::AttributesFor(std::size_t source) const {
  return impl_->book().sources[source].table;
}

RecordSink& Mapper::SinkFor(std::size_t source) {
  return impl_->input(source);
}

SourceCheck Mapper::EndSource(std::size_t source, const Snapshot& snapshot) {
  return impl_->EndSource(source, snapshot);
}

void Mapper::End() {
  impl_->End();
}

std::optional<Instant> Mapper::due_at() const {
  return impl_->due_at();
}

}  // namespace ucaas_sync::mapping
