// Calls with the gate before them and repeats behind them: what is submitted ends once, with the last answer.
// Single-threaded; callbacks run inside Turn and Drain and may submit more.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "connectors/ucaas/client.h"
#include "daemon/apply/gate.h"
#include "daemon/model/clock.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/observer.h"

namespace ucaas_sync::apply {

/// Why no more requests go out.
struct Stop {
  ExitCode code = ExitCode::kUnavailable;
  std::string because;
  /// Keys, a certificate, an address: whatever is asked next would be refused as well. What is not shown to us, and a
  /// pause or an outage, say nothing of that.
  bool is_lasting = false;
};

/// What is known of somebody's calls, one at a time, while no answer was handed out.
struct Trail {
  /// A write may have had its effect: false means that none was sent, or did nothing by the target's own word.
  bool may_have_acted = false;
  std::uint32_t answers = 0;      ///< Replies that were heard to its creates, whatever they said.
  std::vector<Attempt> requests;  ///< Those of a call that waits for its repeat.
};

class Caller {
 public:
  /// Receives the last answer and how many attempts it took. A create whose outcome is unknown is never repeated here:
  /// it ends with Verdict::kUnknown. A search that the target answers "not found" is kMissing only if it shows its
  /// list; else it ends as the list did.
  using Done = std::function<void(const ucaas::CallResult& result, std::uint32_t attempts)>;

  /// All must outlive the caller. `stop_requested` is asked between requests (a signal). Unless `people` is
  /// full, what the target said, which may name them, stands in no reason to stop.
  Caller(ucaas::Client& client, Gate& gate, const Clock& clock, Observer& observer,
         std::function<bool()> stop_requested, config::People people = config::People::kFull);

  /// `trail`, when given, tells of what never gets an answer: a write may have acted from when it is sent until an
  /// answer tells that it did nothing.
  void Submit(ucaas::Call call, Done done, std::shared_ptr<Trail> trail = nullptr);
  /// Sends what may be sent, and hands out what has ended by now.
  void Send();
  /// Sends what may be sent, waits for the next event at most, and hands out what ended.
  void Turn();
  /// Turns until nothing is left, or the run is stopped; then what is in flight is still waited for, after a signal no
  /// longer than 8 s. What is abandoned then, like what was never sent, ends without an answer.
  void Drain();
  /// Nothing more is sent from now on. The first reason counts.
  void RequestStop(Stop stop);

  bool idle() const { return waiting_.empty() && delayed_.empty() && flying_.empty(); }
  std::size_t outstanding() const { return waiting_.size() + delayed_.size() + flying_.size(); }
  const std::optional<Stop>& stopped() const { return stop_; }
  std::uint64_t requests() const { return requests_; }
  /// `told` hears until when the target asks to be left alone, each time that it does, before anybody else hears of
  /// that reply.
  void OnRest(std::function<void(Instant until)> told) { on_rest_ = std::move(told); }
  /// What failed last for the moment, while nothing has been answered since: for the reason to give up.
  const std::string& trouble() const { return trouble_; }
  /// What was the trouble of whoever asked before.
  void GoOnFrom(std::string trouble) { trouble_ = std::move(trouble); }

 private:
  struct Task {
    ucaas::Call call;
    Done done;
    std::shared_ptr<Trail> trail;
    bool had_acted = false;  // perhaps, before the request under way
    bool is_probe = false;   // of the gate: nobody waits for its answer
    std::uint32_t attempts = 0;
    ucaas::CallResult last;  // of a task that waits for its repeat
    std::vector<Attempt> requests;
  };

  void LookForStop(Monotonic now);
  void ReviveDelayed(Monotonic now);
  Monotonic SendWhatMayGo();
  /// A list of what `task` is about: it changes nothing, and does not depend on any single object.
  static Task ProbeFor(const Task& task);
  void Start(Task task);
  void Settle(ucaas::CallResult result);
  void Judge(Task task, ucaas::CallResult result);
  static void HandOut(Task task, ucaas::CallResult result);
  /// "Not found" may be said of what is looked for, or of the route: then the list is not found either.
  void AskForList(Task search, ucaas::CallResult missing);
  /// Remembers the request for the journal.
  void Note(Task& task, const ucaas::CallResult& result) const;
  void Report(const Task& task, const ucaas::CallResult& result);
  /// The first ten requests that all fail alike: nothing will work, and what they have in common is the reason.
  void CompareFirst(const ucaas::CallResult& result, bool is_final);

  /// The gate's reason, and what it comes of.
  std::string WithTrouble(const std::string& because) const;
  /// What went wrong, in words that a log may show.
  std::string WordsOf(const ucaas::CallResult& result) const;

  ucaas::Client& client_;
  Gate& gate_;
  const Clock& clock_;
  Observer& observer_;
  std::function<bool()> stop_requested_;
  config::People people_;
  std::deque<Task> waiting_;
  std::multimap<Monotonic, Task> delayed_;
  std::unordered_map<ucaas::CallId, Task> flying_;
  std::optional<Stop> stop_;
  std::optional<Monotonic> abandon_at_;
  std::uint64_t requests_ = 0;
  std::function<void(Instant)> on_rest_;
  std::string trouble_;
  std::uint64_t alike_ = 0;  // failures like `first_`, from the first on
  bool may_be_alike_ = true;
  ucaas::CallResult first_;
};

}  // namespace ucaas_sync::apply
