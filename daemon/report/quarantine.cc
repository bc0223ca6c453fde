#include "daemon/report/quarantine.h"

#include <map>
#include <ostream>
#include <utility>

#include "daemon/model/json_text.h"
#include "daemon/model/text.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

constexpr std::string_view kHold = "hold";
constexpr std::string_view kOfRevert = ": stays until its source says something else (";

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

}  // namespace

std::vector<StoredQuarantine> WithHolds(std::vector<StoredQuarantine> items, std::span<const StoredHold> holds) {
  // Of a revert's holds one line for all kinds of a key, since one command releases them all.
  std::map<std::pair<std::string_view, std::string_view>, std::string> kinds;
  for (const StoredHold& hold : holds) {
    if (!hold.kind) continue;
    std::string& text = kinds[{hold.key, hold.reason}];
    text += (text.empty() ? "" : " and ") + std::string(Name(*hold.kind));
  }
  for (const StoredHold& hold : holds) {
    std::string reason = hold.reason.empty() ? "put on hold by hand" : hold.reason;
    if (hold.kind) {
      const auto of_key = kinds.extract({hold.key, hold.reason});
      if (of_key.empty()) continue;
      reason += std::string(kOfRevert) + of_key.mapped() + ')';
    }
    if (hold.until) reason += " (until " + FormatInstant(*hold.until) + ')';
    items.push_back({.kind = std::string(kHold),
                     .key = hold.key,
                     .reason = std::move(reason),
                     .since = hold.since,
                     .source = {},
                     .fingerprint = {}});
  }
  return items;
}

std::string WhatToDo(const StoredQuarantine& item) {
  const std::string release = "ucaas-sync quarantine release " + ShellWord(item.key);
  if (item.kind == kHold) {
    const bool ends_by_itself = item.reason.find(kOfRevert) != std::string::npos;
    return (ends_by_itself ? "To end it now: " : "To end it: ") + release + '.';
  }
  if (item.by_target) {
    return "It is tried again when the source says something else of it, with another configuration, and once a day; "
           "to "
           "try on the next run: " +
           release + '.';
  }
  // The reason of a proposal names the command already.
  if (item.reason.find("quarantine release") != std::string::npos) return "A person must say which it is.";
  const std::string place = PlaceOf(item.source);
  return "It ends by itself when the source is mended" + (place.empty() ? "" : " (" + Printable(place) + ')') + '.';
}

std::string QuarantineItemJson(const StoredQuarantine& item) {
  return "{\"kind\":" + Quoted(item.kind) + ",\"key\":" + Quoted(item.key) + ",\"reason\":" + Quoted(item.reason) +
         ",\"since\":" + Quoted(FormatInstant(item.since)) + ",\"source\":{\"name\":" + Quoted(item.source.name) +
         ",\"line\":" + std::to_string(item.source.line) + "},\"remedy\":" + Quoted(WhatToDo(item)) + '}';
}

void WriteQuarantineJson(std::span<const StoredQuarantine> items, std::ostream& out) {
  out << '[';
  for (std::size_t i = 0; i < items.size(); ++i) out << (i == 0 ? "" : ",\n") << QuarantineItemJson(items[i]);
  out << "]\n";
}

void WriteQuarantineText(std::span<const StoredQuarantine> items, std::ostream& out) {
  if (items.empty()) {
    out << "Nobody is set aside.\n";
    return;
  }
  for (const StoredQuarantine& item : items) {
    out << item.kind << ' ' << Printable(item.key) << "  since " << FormatInstant(item.since);
    if (const std::string place = PlaceOf(item.source); !place.empty()) out << "  (" << Printable(place) << ')';
    out << "\n    " << Printable(item.reason) << "\n    " << WhatToDo(item) << '\n';
  }
  out << WithThousands(items.size()) << " set aside: neither changed nor removed.\n";
}

}  // namespace ucaas_sync::report
