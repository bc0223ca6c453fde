#include "daemon/run/source_words.h"

#include <algorithm>

#include "daemon/plan/source_mark.h"
#include "daemon/run/reading.h"

namespace ucaas_sync::run {
namespace {

class Listener final : public EntitySink {
 public:
  Listener(const std::set<KindAndKey>& who, const std::vector<config::SourceConfig>& sources)
      : who_(who), sources_(sources) {}

  void OnEntity(const EntityView& entity) override {
    const KindAndKey key(entity.kind, entity.key);
    // What a rule does not take may be another rule's: neither says anything by itself.
    const bool says_nothing = entity.standing == Standing::kOutOfScope || entity.standing == Standing::kFilteredOut;
    if (says_nothing || !who_.contains(key)) return;
    const std::optional<Hash128> mark = plan::MarkOf(entity);
    const auto [it, is_first] = words_.try_emplace(key);
    SourceWord& word = it->second;
    word.is_present = word.is_present || entity.standing != Standing::kLeft;
    if (is_first) {
      word.mark = mark;
      word.place = {.name = sources_[entity.source].name.value, .line = entity.line, .dn = std::string(entity.dn)};
    } else if (word.mark != mark) {
      word.mark.reset();
    }
  }
  void OnReject(const RejectView& /*reject*/) override { has_rejects_ = true; }

  bool has_rejects() const { return has_rejects_; }
  std::map<KindAndKey, SourceWord>& words() { return words_; }

 private:
  const std::set<KindAndKey>& who_;
  const std::vector<config::SourceConfig>& sources_;
  std::map<KindAndKey, SourceWord> words_;
  bool has_rejects_ = false;
};

}  // namespace

std::map<KindAndKey, SourceWord> AskSources(const Context& context, const StateView& state,
                                            const std::set<KindAndKey>& who) {
  Program& program = context.program;
  Listener listener(who, program.config.sources);
  const ReadResult read =
      ReadSources(program, {}, state, listener, context.clock.Now(), context.observer, PatienceOf(context));
  const bool all_whole =
      !listener.has_rejects() &&
      std::all_of(read.states.begin(), read.states.end(), [](const plan::SourceState& source) {
        return source.snapshot == nullptr || (source.healthy && source.snapshot->complete() && !source.hides_groups);
      });
  for (const KindAndKey& key : who) {
    const auto [it, is_absent] = listener.words().try_emplace(key);
    if (is_absent && all_whole) it->second.mark = plan::kGoneMark;
  }
  return std::move(listener.words());
}

}  // namespace ucaas_sync::run
