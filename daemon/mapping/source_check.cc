#include "daemon/mapping/source_check.h"

#include <algorithm>
#include <string_view>

#include "daemon/mapping/join.h"
#include "daemon/mapping/rules.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

constexpr std::size_t kColumnsShown = 12;

std::string ListColumns(const std::vector<std::string>& columns) {
  std::string text;
  for (std::size_t i = 0; i < columns.size() && i < kColumnsShown; ++i) {
    text += (i == 0 ? "" : ", ") + Shorten(columns[i], 40);
  }
  return columns.size() > kColumnsShown ? text + ", …" : text;
}

class Checker {
 public:
  Checker(const RuleBook& book, std::size_t index, const SourceCounts& counts, const std::vector<Partner>& partners,
          const Snapshot& snapshot)
      : book_(book),
        source_(book.sources[index]),
        index_(index),
        counts_(counts),
        partners_(partners),
        snapshot_(snapshot) {}

  SourceCheck Run() {
    for (Slot slot = 0; slot < source_.first_marker; ++slot) {
      check_.filled.emplace_back(AsciiLower(source_.table.NameOf(slot)), counts_.filled[slot]);
      if (source_.is_mapped(slot)) check_.mapped.push_back(check_.filled.back());
    }
    if (!snapshot_.complete()) return std::move(check_);
    if (counts_.records == 0) {
      Report("no usable record in it", "nobody can be synchronised from an empty source; check the export");
      return std::move(check_);
    }
    if (counts_.passed == 0) {
      Report("none of its " + Counted(counts_.records, "record") + " matches the source's filter " +
                 Shorten(source_.filter_text, 80),
             "correct the filter or the export");
    }
    if (source_.key_is_needed && !IsCarried(source_.key)) CheckKey();
    for (const Need& need : source_.needs) CheckNeed(need, {});
    for (const std::size_t rule : source_.rules) {
      for (const Need& need : book_.rules[rule].needs) CheckNeed(need, book_.rules[rule].joins);
    }
    return std::move(check_);
  }

 private:
  bool IsCarried(Slot slot) const { return counts_.filled[slot] > 0; }

  Location Place() const {
    Location at;
    at.file = snapshot_.files.empty() ? snapshot_.location : snapshot_.files.front().path;
    // A heading stands on the first line, whichever column is missing.
    if (source_.format == config::Format::kCsv) at.line = 1;
    return at;
  }

  void Report(std::string what, std::string remedy) {
    Location at = Place();
    at.line = 0;
    check_.problems.push_back({.at = std::move(at), .what = std::move(what), .remedy = std::move(remedy)});
  }

  Problem Describe(std::string_view name, const std::string& needed_by, const Location& at,
                   const std::string& if_right) const {
    const std::string quoted = std::string(source_.attribute_word()) + " \"" + std::string(name) + "\"";
    if (!MayHaveAttribute(source_, name, snapshot_)) {
      std::vector<std::string_view> columns(snapshot_.columns.begin(), snapshot_.columns.end());
      const auto nearest = Nearest(name, columns);
      return {.at = Place(),
              .what = "no " + quoted + ", which " + needed_by + " (" + at.ToString() + ")",
              .remedy = (nearest ? "did you mean \"" + std::string(*nearest) + "\"? " : "") +
                        "its columns are: " + ListColumns(snapshot_.columns)};
    }
    return {.at = Place(),
            .what = "no value in " + quoted + " in any of " + Counted(counts_.records, "record") + ", which " +
                    needed_by + " (" + at.ToString() + ")",
            .remedy = if_right};
  }

  /// Of a source that was read before this one, which could have carried the attribute for it.
  Problem DescribePartner(std::size_t partner, std::string_view name, const std::string& needed_by, const Location& at,
                          const std::string& if_right) const {
    const CompiledSource& source = book_.sources[partner];
    Location place;
    place.file = source.location;
    return {.at = std::move(place),
            .what = std::string("no value in ") + source.attribute_word() + " \"" + std::string(name) +
                    "\" in any record, which " + needed_by + " (" + at.ToString() + ")",
            .remedy = if_right};
  }

  void CheckKey() {
    const std::string_view name = source_.table.NameOf(source_.key);
    Problem problem = Describe(name, "is the key of source " + source_.name, source_.key_at,
                               "name the attribute that identifies people, or correct the export");
    check_.problems.push_back(std::move(problem));
  }

  void CheckNeed(const Need& need, const std::vector<CompiledJoin>& joins) {
    for (const Slot slot : need.attributes) {
      if (slot == source_.key && source_.key_is_needed) return;  // has its own check
      if (IsCarried(slot)) return;
      for (const CompiledJoin& join : joins) {
        for (const CompiledJoin::Copy& copy : join.copies) {
          if (copy.to == slot && partners_[join.partner].carries(copy.from)) return;
        }
      }
    }
    const std::string_view name = source_.table.NameOf(need.attributes.front());
    if (std::find(reported_.begin(), reported_.end(), name) != reported_.end()) return;
    reported_.push_back(name);

    const std::string if_right =
        "correct the export; if nobody has one, " +
        (need.in_template ? "write a default ({" + std::string(name) + "|default:…}) or " : std::string()) +
        "take it out of the configuration";
    Problem problem = Describe(name, need.used_by, need.at, if_right);
    std::vector<std::size_t> could_carry{index_};
    for (const CompiledJoin& join : joins) could_carry.push_back(join.partner);
    const bool is_floor = std::all_of(could_carry.begin(), could_carry.end(), [&](std::size_t candidate) {
      return book_.sources[candidate].format == config::Format::kCsv;
    });
    if (is_floor) {
      check_.problems.push_back(std::move(problem));
      return;
    }
    for (const std::size_t candidate : could_carry) {
      check_.uncarried.push_back({.source = candidate,
                                  .attribute = AsciiLower(name),
                                  .problem = candidate == index_
                                                 ? problem
                                                 : DescribePartner(candidate, name, need.used_by, need.at, if_right)});
    }
  }

  const RuleBook& book_;
  const CompiledSource& source_;
  std::size_t index_;
  const SourceCounts& counts_;
  const std::vector<Partner>& partners_;
  const Snapshot& snapshot_;
  SourceCheck check_;
  std::vector<std::string_view> reported_;
};

}  // namespace

bool MayHaveAttribute(const CompiledSource& source, std::string_view name, const Snapshot& snapshot) {
  return source.format != config::Format::kCsv ||
         std::any_of(snapshot.columns.begin(), snapshot.columns.end(),
                     [&](const std::string& column) { return EqualsIgnoreAsciiCase(column, name); });
}

SourceCheck CheckSource(const RuleBook& book, std::size_t source, const SourceCounts& counts,
                        const std::vector<Partner>& partners, const Snapshot& snapshot) {
  return Checker(book, source, counts, partners, snapshot).Run();
}

}  // namespace ucaas_sync::mapping
