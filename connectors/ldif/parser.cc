#include "connectors/ldif/parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "connectors/ldif/base64.h"
#include "daemon/model/dn.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ldif {
namespace {

/// How much of a bad line goes into a message.
constexpr std::size_t kShownColumns = 60;

const char* FindNewline(const char* at, const char* end) {
  return static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
}

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Length of the line end at `at` if the line is empty, else 0. `known` turns false when the window must tell more.
std::size_t EmptyLineAt(const char* at, const char* end, bool& known) {
  if (*at == '\n') return 1;
  if (*at != '\r') return 0;
  known = at + 1 != end;
  return known && at[1] == '\n' ? 2 : 0;
}

/// Whether the first line of a block begins with "name:", in any case.
bool BeginsWithName(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         EqualsIgnoreAsciiCase(line.substr(0, name.size()), name);
}

}  // namespace

Parser::Parser(AttributeTable& table, const std::string& file, const Options& options)
    : file_(file), options_(options), names_(table) {}

const char* Parser::EndFor(const Window& window) const {
  return window.begin() + std::min(window.size(), options_.most_of_window());
}

Parser::Step Parser::Refuse(std::uint64_t line, std::string what, std::string remedy) {
  refusal_.at.file = file_;
  refusal_.at.line = line;
  refusal_.what = std::move(what);
  refusal_.remedy = std::move(remedy);
  return Step::kRefused;
}

Parser::Step Parser::Next(Window& window) {
  scratch_ = window.scratch();
  while (window.size() != 0) {
    const char* const at = window.begin();
    bool known = true;
    if (const std::size_t length = EmptyLineAt(at, EndFor(window), known); length != 0) {
      window.Advance(at + length);
      ++lines_;
      in_comment_ = false;
      continue;
    }
    if (!known) return Step::kNeedMore;
    if (*at != '#' && (*at != ' ' || !in_comment_)) break;
    const char* const newline = FindNewline(at, EndFor(window));
    if (newline == nullptr) return Step::kNeedMore;
    ++lines_;
    if (*at == '#') evidence_.OnComment(Between(at, newline[-1] == '\r' ? newline - 1 : newline), lines_);
    in_comment_ = true;
    window.Advance(newline + 1);
  }
  if (window.size() == 0) return Step::kNeedMore;

  const Line first = ReadLine(window.begin(), EndFor(window));
  if (first.next == nullptr) return Step::kNeedMore;
  scratch_ = window.scratch();
  const std::string_view line = first.text();
  if (BeginsWithName(line, "dn")) return ParseRecord(window);
  if (BeginsWithName(line, "version")) {
    const std::string_view version = Trim(line.substr(line.find(':') + 1));
    if (version != "1") {
      return Refuse(lines_ + 1,
                    "LDIF version \"" + Shorten(version, kShownColumns) + "\" is not known, only version 1 is",
                    "export as LDIF version 1 (RFC 2849)");
    }
    lines_ += first.physical;
    window.Advance(first.next);
    return Step::kSkipped;
  }
  if (BeginsWithName(line, "search") || BeginsWithName(line, "result")) return ParseTrailer(window);
  // A referral that the search met: an entry that is somewhere else. Without ldapsearch's frame it is a record cut off.
  if (BeginsWithName(line, "ref") && evidence_.is_search_output()) return SkipBlock(window);
  return ParseReject(
      window, line.front() == ' '
                  ? "a continuation line (it begins with a space) without a line before it"
                  : "a record must begin with \"dn:\", this one begins with \"" + Shorten(line, kShownColumns) + '"');
}

// Inlined with ReadValue: both run for every line, and the compiler is shy of five callers. A twelfth of the time.
[[gnu::always_inline]] inline Parser::Line Parser::ReadLine(const char* at, const char* end) {
  Line line;
  const char* const newline = FindNewline(at, end);
  if (newline == nullptr || newline + 1 == end) return line;  // the next line may continue this one
  line.begin = at;
  line.end = newline;
  if (newline != at && newline[-1] == '\r') --line.end;
  line.next = newline + 1;
  if (*line.next == ' ') Unfold(line, newline, end);
  return line;
}

void Parser::Unfold(Line& line, const char* newline, const char* end) {
  char* const start = scratch_;
  char* out = std::copy(line.begin, line.end, start);
  while (newline[1] == ' ') {
    const char* const from = newline + 2;
    newline = FindNewline(newline + 1, end);
    if (newline == nullptr || newline + 1 == end) {
      line.next = nullptr;
      return;
    }
    const char* const to = newline > from && newline[-1] == '\r' ? newline - 1 : newline;
    out = std::copy(from, std::max(from, to), out);
    ++line.physical;
  }
  line.begin = start;
  line.end = out;
  line.next = newline + 1;
  line.unfolded_at = start;
  scratch_ = out;
}

/// `at` is behind the colon.
[[gnu::always_inline]] inline Parser::Value Parser::ReadValue(const Line& line, const char* at) {
  Value value;
  value.is_base64 = at != line.end && *at == ':';
  value.is_url = at != line.end && *at == '<';
  if (value.is_base64 || value.is_url) ++at;
  while (at != line.end && *at == ' ') ++at;
  value.text = Between(at, line.end);
  if (value.text.size() > options_.max_value) {
    value.error = "is longer than a value may be";
    return value;
  }
  if (!value.is_base64) return value;
  // An unfolded line is decoded onto itself: what comes out is never ahead of what goes in.
  const std::string_view encoded = value.text.substr(0, value.text.find_last_not_of(' ') + 1);
  char* const out = line.unfolded_at != nullptr ? line.unfolded_at + (at - line.begin) : scratch_;
  const auto size = DecodeBase64To(encoded, out);
  if (!size) {
    value.error = "is not valid base64";
    return value;
  }
  value.text = Between(out, out + *size);
  if (line.unfolded_at == nullptr) scratch_ = out + *size;
  return value;
}

const char* Parser::CheckDn(const Window& window, const Line& line, const Value& value) const {
  if (value.error != nullptr) return value.error;
  const bool is_plain_ascii = line.next <= window.first_non_ascii() && !value.is_base64;
  if (!is_plain_ascii && !IsUtf8(value.text)) return "is not UTF-8";
  return IsDn(value.text) ? nullptr : "is not a distinguished name (like cn=Ann Lee,ou=people,dc=example,dc=com)";
}

/// Names that make a file something else than an export of entries. Nothing: an attribute, or `changetype: add`.
std::optional<Parser::Step> Parser::CheckRole(const Name& name, const Value& value, std::uint64_t line) {
  constexpr const char* kExportEntries = "export the entries themselves (ldapsearch, slapcat, ldifde), not changes";
  if (value.is_url) {
    return Refuse(
        line,
        "the value of " + name.text.substr(0, name.text.size() - 1) + " is a URL (\":<\"), which is never followed",
        "export values in the file itself");
  }
  switch (name.role) {
    case Role::kAttribute:
    case Role::kRange:
    case Role::kDn:
      return std::nullopt;
    case Role::kInclude:
      return Refuse(line, "\"include:\" is never followed", "give one file with all entries, or a pattern of files");
    case Role::kControl:
      return Refuse(line, "a \"control:\" belongs to a change, not to an entry", kExportEntries);
    case Role::kChangeType:
      if (value.error == nullptr && EqualsIgnoreAsciiCase(Trim(value.text), "add")) return std::nullopt;
      return Refuse(line, "\"changetype: " + Shorten(value.text, kShownColumns) + "\" is a change, not an entry",
                    kExportEntries);
  }
  return std::nullopt;
}

Parser::Step Parser::ParseRecord(Window& window) {
  const char* at = window.begin();
  const char* const end = EndFor(window);
  std::uint64_t lines = lines_;
  record_.Clear();
  ranges_.clear();
  record_.line = lines + 1;

  const Line dn_line = ReadLine(at, end);
  if (dn_line.next == nullptr) return Step::kNeedMore;
  const Value dn = ReadValue(dn_line, dn_line.begin + 3);
  if (dn.is_url)
    return Refuse(record_.line, "the DN is a URL (\":<\"), which is never followed", "export the DN itself");
  if (const char* error = CheckDn(window, dn_line, dn); error != nullptr) {
    return ParseReject(window, "its DN " + std::string(error) + ": \"" + Shorten(dn.text, kShownColumns) + '"');
  }
  record_.dn = dn.text;
  lines += dn_line.physical;
  at = dn_line.next;

  Names::Index previous = Names::kStart;
  for (;;) {
    if (at == end) return Step::kNeedMore;
    bool known = true;
    if (const std::size_t length = EmptyLineAt(at, end, known); length != 0) {
      at += length;
      ++lines;
      break;
    }
    if (!known) return Step::kNeedMore;
    const Line line = ReadLine(at, end);
    if (line.next == nullptr) return Step::kNeedMore;
    at = line.next;
    lines += line.physical;
    if (*line.begin == '#') continue;

    const auto where = [&] { return "line " + std::to_string(lines - line.physical + 1); };
    const Names::Index index = names_.Match(previous, line.text());
    if (index == Names::kNone) {
      const std::string shown = '"' + Shorten(line.text(), kShownColumns) + '"';
      return ParseReject(window, line.text().find(':') == std::string_view::npos
                                     ? where() + " has no colon: " + shown
                                     : where() + " does not begin with an attribute's name: " + shown);
    }
    const Name& name = names_[index];
    const Value value = ReadValue(line, line.begin + name.text.size());
    if (value.is_url || name.role > Role::kRange) {
      if (const auto step = CheckRole(name, value, lines - line.physical + 1); step) return *step;
      if (name.role == Role::kDn) {
        return ParseReject(window, where() + " begins another record: an empty line is missing before it");
      }
      continue;
    }
    if (value.error != nullptr) {
      return ParseReject(window,
                         where() + ": the value of " + name.text.substr(0, name.text.size() - 1) + ' ' + value.error);
    }
    if (!value.is_base64 && at > window.first_non_ascii() && !IsUtf8(value.text)) {
      return ParseReject(window, where() + ": the value of " + name.text.substr(0, name.text.size() - 1) +
                                     " is neither UTF-8 nor base64; if the file has another encoding, name it "
                                     "(encoding: windows-1252)");
    }
    previous = index;
    if (name.role == Role::kRange && std::find(ranges_.begin(), ranges_.end(), index) == ranges_.end()) {
      ranges_.push_back(index);
    }
    if (name.slot != kNoSlot) record_.Add(name.slot, value.text);
  }
  if (!ranges_.empty()) MarkOpenRanges();
  window.Advance(at);
  lines_ = lines;
  in_comment_ = false;
  evidence_.OnEntry();
  return Step::kRecord;
}

/// For each attribute that came in ranges: they must reach from 0 to "*" without a gap.
void Parser::MarkOpenRanges() {
  std::sort(ranges_.begin(), ranges_.end(), [this](Names::Index a, Names::Index b) {
    return std::pair(names_[a].slot, names_[a].first) < std::pair(names_[b].slot, names_[b].first);
  });
  for (std::size_t i = 0; i < ranges_.size();) {
    const Slot slot = names_[ranges_[i]].slot;
    const Slot marker = names_[ranges_[i]].marker;
    std::uint64_t next = 0;
    bool has_gap = false;
    for (; i < ranges_.size() && names_[ranges_[i]].slot == slot; ++i) {
      const Name& range = names_[ranges_[i]];
      has_gap = has_gap || range.first > next;
      next = range.last == kToTheEnd ? kToTheEnd : std::max(next, range.last + 1);
    }
    if ((has_gap || next != kToTheEnd) && marker != kNoSlot) record_.Add(marker, {});
  }
}

/// Collects all values of the block, also those of attributes that nobody needs: each may be somebody's key.
Parser::Step Parser::ParseReject(Window& window, std::string reason) {
  reason_ = std::move(reason);
  reject_values_.clear();
  scratch_ = window.scratch();
  const char* at = window.begin();
  const char* const end = EndFor(window);
  std::uint64_t lines = lines_;
  bool has_dn = false;
  for (;;) {
    if (at == end) return Step::kNeedMore;
    bool known = true;
    if (const std::size_t length = EmptyLineAt(at, end, known); length != 0) {
      at += length;
      ++lines;
      break;
    }
    if (!known) return Step::kNeedMore;
    const Line line = ReadLine(at, end);
    if (line.next == nullptr) return Step::kNeedMore;
    at = line.next;
    lines += line.physical;
    if (*line.begin == '#') continue;
    const std::size_t colon = line.text().find(':');
    if (colon == std::string_view::npos) {
      reject_values_.push_back(line.text());
      continue;
    }
    const Value value = ReadValue(line, line.begin + colon + 1);
    const Names::Index index = names_.Match(Names::kStart, line.text());
    if (index != Names::kNone) {
      if (const auto step = CheckRole(names_[index], value, lines - line.physical + 1); step) return *step;
      has_dn = has_dn || names_[index].role == Role::kDn;
    }
    reject_values_.push_back(value.text);
  }
  reject_ = {.file = file_, .line = lines_ + 1, .reason = reason_, .values = reject_values_};
  window.Advance(at);
  lines_ = lines;
  in_comment_ = false;
  if (has_dn) evidence_.OnEntry();
  return Step::kReject;
}

Parser::Step Parser::ParseTrailer(Window& window) {
  const char* at = window.begin();
  const char* const end = EndFor(window);
  // Looked through once to see that it is whole: evidence is given once.
  for (const bool weigh : {false, true}) {
    at = window.begin();
    std::uint64_t lines = lines_;
    scratch_ = window.scratch();
    for (;;) {
      if (at == end) return Step::kNeedMore;
      bool known = true;
      if (EmptyLineAt(at, end, known) != 0 || *at == '#') break;
      if (!known) return Step::kNeedMore;
      const Line line = ReadLine(at, end);
      if (line.next == nullptr) return Step::kNeedMore;
      const std::size_t colon = line.text().find(':');
      if (weigh && colon != std::string_view::npos) {
        evidence_.OnTrailer(line.text().substr(0, colon), line.text().substr(colon + 1), lines + 1);
      }
      at = line.next;
      lines += line.physical;
    }
    if (weigh) lines_ = lines;
  }
  window.Advance(at);
  in_comment_ = false;
  return Step::kSkipped;
}

Parser::Step Parser::SkipBlock(Window& window) {
  const char* at = window.begin();
  const char* const end = EndFor(window);
  std::uint64_t lines = lines_;
  bool known = true;
  while (at != end && EmptyLineAt(at, end, known) == 0) {
    const char* const newline = FindNewline(at, end);
    if (!known || newline == nullptr) return Step::kNeedMore;
    at = newline + 1;
    ++lines;
  }
  if (at == end) return Step::kNeedMore;
  window.Advance(at);
  lines_ = lines;
  in_comment_ = false;
  return Step::kSkipped;
}

}  // namespace ucaas_sync::ldif
