#include "daemon/mapping/join.h"

#include <algorithm>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

std::string DescribeAmbiguity(const CompiledSource& source, const Partner& partner, KeyedRecords::Ref first,
                              std::string_view key) {
  const auto others = partner.records.Others(first);
  std::string text = others.size() == 1 ? "two" : std::to_string(others.size() + 1);
  text += " records in " + source.name + " with " + std::string(source.table.NameOf(source.key)) + " " +
          Shorten(key, 60) + " (lines " + std::to_string(partner.records.LineOf(first));
  for (const KeyedRecords::Ref other : others.first(std::min<std::size_t>(others.size(), 9))) {
    text += ", " + std::to_string(partner.records.LineOf(other));
  }
  if (others.size() > 9) text += ", …";
  return text + ")";
}

std::string DescribeReject(const CompiledSource& source, std::string_view key) {
  return "a rejected record in " + source.name + " carries " + Shorten(key, 60) +
         ", and may be another one with this " + std::string(source.table.NameOf(source.key));
}

}  // namespace

bool MarkCutShort(const CompiledSource& source, const Record& record, std::vector<Origin>& origins) {
  if (source.markers.empty()) return false;
  const auto is_marker = [&](const Record::Cell& cell) { return cell.slot >= source.first_marker; };
  if (std::none_of(record.cells().begin(), record.cells().end(), is_marker)) return false;
  origins.resize(source.table.size(), kOwn);
  for (Slot slot = 0; slot < source.markers.size(); ++slot) {
    const Slot marker = source.markers[slot];
    if (marker == kNoSlot || !record.Has(marker)) continue;
    // A partner's marker says nothing of what the record has itself.
    if (!record.Has(slot) || origins[marker] == origins[slot]) origins[slot] = kCutShort;
  }
  return true;
}

void Join(const CompiledRule& rule, const std::vector<CompiledSource>& sources, const std::vector<Partner>& partners,
          const Record& own, Record& partner_record, JoinedRecord& joined) {
  joined.record.Clear();
  joined.record.line = own.line;
  joined.record.dn = own.dn;
  for (const Record::Cell& cell : own.cells()) joined.record.Add(cell.slot, cell.value);
  joined.origins.assign(sources[rule.source].table.size(), kOwn);
  joined.trouble.clear();
  joined.may_be_rejected = false;
  bool is_dn_unknowable = false;
  bool lacks_partner = false;

  for (std::size_t i = 0; i < rule.joins.size(); ++i) {
    const CompiledJoin& join = rule.joins[i];
    const Partner& partner = partners[join.partner];
    const std::string_view key = own.First(join.attribute);
    const KeyedRecords::Ref found = partner.is_healthy && !key.empty() ? partner.records.Find(key) : 0;
    const bool is_twin = found != 0 && !partner.records.Others(found).empty();
    const bool may_be_twin = found != 0 && partner.has_rejects && partner.rejected.MayHold(key);
    const bool is_ambiguous = is_twin || may_be_twin;
    if (is_ambiguous && joined.trouble.empty()) {
      joined.trouble = is_twin ? DescribeAmbiguity(sources[join.partner], partner, found, key)
                               : DescribeReject(sources[join.partner], key);
    }
    const bool is_missing = partner.is_healthy && !key.empty() && found == 0;
    if (is_missing && partner.has_rejects) joined.may_be_rejected = true;
    const bool is_knowable = partner.is_healthy && !is_ambiguous;
    if (found != 0 && is_knowable) {
      partner.records.Load(found, partner_record);
      if (joined.record.dn.empty() && !is_dn_unknowable) joined.record.dn = partner_record.dn;
    } else {
      partner_record.Clear();
      const bool may_have_dn = sources[join.partner].format != config::Format::kCsv;
      if (may_have_dn) (is_knowable ? lacks_partner : is_dn_unknowable) = true;
    }
    for (const CompiledJoin::Copy& copy : join.copies) {
      Origin& origin = joined.origins[copy.to];
      // Where an earlier partner might have had the word, a later one does not take it; so might a rejected record.
      const bool may_have_been_said = origin == kUnknowable || (origin == kNoPartner && joined.may_be_rejected);
      if (joined.record.Has(copy.to) || may_have_been_said) continue;
      if (!is_knowable) {
        if (partner.may_carry(copy.from)) origin = kUnknowable;
      } else if (found == 0) {
        if (partner.may_carry(copy.from)) origin = kNoPartner;
      } else if (partner_record.Has(copy.from)) {
        origin = static_cast<Origin>(i + 1);
        partner_record.ForEach(copy.from, [&](std::string_view value) { joined.record.Add(copy.to, value); });
      }
    }
  }
  MarkCutShort(sources[rule.source], joined.record, joined.origins);
  joined.dn_known = !joined.record.dn.empty() || (!is_dn_unknowable && !lacks_partner);
}

}  // namespace ucaas_sync::mapping
