// How things stand: the last runs, what waits and why.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/model/time.h"

namespace ucaas_sync::report {

/// A source as its files look now, and its last good read.
struct SourceStanding {
  std::string name;
  std::uint64_t records = 0;          ///< Of the last good read.
  std::optional<Instant> read_at;     ///< When that was; nothing before the first.
  std::optional<Instant> written_at;  ///< When the newest file was written.
  std::optional<Duration> max_age;
  std::string problem;  ///< Why it cannot be read now; empty when it can.
};

struct Status {
  std::vector<RunRecord> runs;  ///< Newest first.
  std::vector<StoredQuarantine> quarantine;
  struct Held {
    std::string run;  ///< The last that was held.
    Instant since;
    ConsentScope scope;
    std::string approved_by;  ///< "ada until 2026-11-24T08:00:00Z" when a person agreed since.
    std::string approved_why{};
    std::string ended{};  ///< "ada until …": somebody agreed, and no run came in that time.
  };
  std::optional<Held> held;           ///< What guards hold.
  std::vector<LeftAlone> left_alone;  ///< What the target keeps rewriting.
  std::vector<StoredDecision> kept;   ///< Gone from the sources, and still in the account because it was adopted.
  /// Whom somebody changed or deleted at the target by hand, as the last look at it found.
  struct Drifted {
    Kind kind = Kind::kUser;
    std::string key;
    bool missing = false;
    std::vector<std::string> attributes;  ///< That differ: names alone, no values.
  };
  std::vector<Drifted> drifted;     ///< The first thousand.
  std::uint64_t drifted_count = 0;  ///< All of them.
  std::vector<SourceStanding> sources;
  std::vector<DueItem> due;         ///< Soonest first.
  std::optional<Instant> next_run;  ///< When there is something to do, or to look at, though no source changes.
};

/// What is wrong with a source of `status`, as far as its files and the last run show; empty when nothing is.
std::string TroubleOf(const SourceStanding& source, const Status& status, Instant now);

/// Makes `status` fit for those who may not read people's names: keys as `people` says, no e-mail addresses, none of
/// the target's own words.
void Conceal(Status& status, config::People people);

/// {"runs":[{"id","outcome","started","ended","trigger","summary"}],"quarantine":[],"held":null,"left_alone":[],"kept":[],"drift":{"count":0,"first":[]},
/// "sources":[{"name","records","read_at","written_at","problem"}],"due":[],
/// "next_run":null}
void WriteStatusJson(const Status& status, Instant now, std::ostream& out);
/// `now`: for "3 h ago".
void WriteStatusText(const Status& status, Instant now, bool colour, std::ostream& out);

}  // namespace ucaas_sync::report
