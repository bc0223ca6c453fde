#include "daemon/plan/reject_book.h"

#include <string>
#include <string_view>

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostRejectValues = 4'000'000;

/// Whether the entity may have been there until this read, so that a rejected record with its key is likely its own. Of
/// everybody else who is missing it only bears the name: a manager who left, somebody of another source.
bool IsMissingSinceThisRead(const Workspace& work, SlotId id, std::uint16_t source) {
  const Slot& slot = work.table[id];
  const bool is_missing = slot.is_there() && slot.lifecycle == Lifecycle::kActive && slot.seen == Seen::kNot;
  if (!is_missing || slot.source != source || slot.has(kWasOutside) || work.absences.contains(id)) return false;
  // Whose absence nobody notes may have been gone for long.
  const LeavePolicy policy = work.policy.LeavingFrom(slot.kind, source);
  if (!policy.known || policy.absent == config::AbsentPolicy::kKeep) return false;
  return slot.kind == Kind::kUser || slot.ownership == Ownership::kCreated || policy.delete_adopted;
}

/// The source, or which file of it: lines of two files have the same numbers. A record that its reader took does not
/// tell the file any more.
std::string PartOf(const RejectView& reject, const std::string& source, const Policy& policy) {
  if (!policy.reads_several_files(reject.source) || reject.file == policy.patterns[reject.source]) return source;
  return source + '/' + std::string(reject.file.substr(reject.file.rfind('/') + 1));
}

}  // namespace

RejectBook::Stops& RejectBook::StopsOf(std::uint16_t source) {
  if (source >= stops_.size()) stops_.resize(source + std::size_t{1});
  return stops_[source];
}

void RejectBook::Add(const RejectView& reject, Workspace& work) {
  const std::string source =
      reject.source < work.policy.sources.size() ? work.policy.sources[reject.source] : std::string(reject.file);
  work.Report({.kind = "record",
               .key = PartOf(reject, source, work.policy) + ':' + std::to_string(reject.line),
               .reason = std::string(reject.reason),
               .source = {.name = source, .line = reject.line, .dn = {}}});
  if (reject.hides_groups_alone) {
    HideGroups(reject.source);
    return;
  }
  if (reject.source >= counts_.size()) counts_.resize(reject.source + std::size_t{1});
  ++counts_[reject.source];
  Entry entry{.source = reject.source, .begin = values_.size(), .end = 0};
  for (const std::string_view value : reject.values) {
    if (value.empty()) continue;
    const Hash128 hash = HashOf(value);
    for (const Kind kind : kAllKinds) {
      const SlotId slot = work.table.Find(kind, hash);
      if (slot != kNone) work.table[slot].set(kRejectNamed);
    }
    if (values_.size() < kMostRejectValues) values_.push_back(hash);
  }
  if (values_.size() >= kMostRejectValues) StopsOf(reject.source) = {.people = true, .groups = true};
  entry.end = values_.size();
  entries_.push_back(entry);
}

void RejectBook::Resolve(Workspace& work) {
  for (const Entry& entry : entries_) {
    // A key that also has a good record of its own does not tell whose record this one is: the row of a missing person
    // names their manager, who is there.
    bool found_person = false;
    bool found_group = false;
    for (std::size_t i = entry.begin; i < entry.end; ++i) {
      for (const Kind kind : kAllKinds) {
        const SlotId id = work.table.Find(kind, values_[i]);
        if (id == kNone) continue;
        work.table[id].set(kRejectNamed);
        if (kind == Kind::kGroup) {
          found_group = found_group || work.table[id].is_known();
        } else {
          found_person = found_person || IsMissingSinceThisRead(work, id, entry.source);
        }
      }
    }
    Stops& stops = StopsOf(entry.source);
    stops.people = stops.people || !found_person;
    stops.groups = stops.groups || (!found_person && !found_group);
  }
  if (entries_.empty()) return;
  for (SlotId id = 0; id < work.table.size(); ++id) {
    if (!work.table[id].has(kRejectNamed)) continue;
    work.Freeze(id);
    work.Note(id, "frozen", "a rejected record carries its key: neither changed nor removed until that is mended");
  }
}

bool RejectBook::HidesAnybody(std::uint16_t source, Kind kind) const {
  if (source >= stops_.size()) return false;
  return kind == Kind::kGroup ? stops_[source].groups : stops_[source].people;
}

}  // namespace ucaas_sync::plan
