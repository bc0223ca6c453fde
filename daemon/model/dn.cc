#include "daemon/model/dn.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/model/text.h"

namespace ucaas_sync {
namespace {

bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What may follow a backslash as it is (RFC 4514 section 3).
constexpr std::string_view kEscapable = "\"+,;<>\\ #=";

/// Other spellings of the types that RFC 4514 section 3 names; servers and people mix them.
std::string_view ShortType(std::string_view lower_type) {
  struct Alias {
    std::string_view oid;
    std::string_view long_name;
    std::string_view short_name;
  };
  static constexpr std::array<Alias, 9> kAliases{{{"2.5.4.3", "commonname", "cn"},
                                                  {"2.5.4.7", "localityname", "l"},
                                                  {"2.5.4.8", "stateorprovincename", "st"},
                                                  {"2.5.4.10", "organizationname", "o"},
                                                  {"2.5.4.11", "organizationalunitname", "ou"},
                                                  {"2.5.4.6", "countryname", "c"},
                                                  {"2.5.4.9", "streetaddress", "street"},
                                                  {"0.9.2342.19200300.100.1.25", "domaincomponent", "dc"},
                                                  {"0.9.2342.19200300.100.1.1", "userid", "uid"}}};
  if (lower_type.size() < 6) return lower_type;
  for (const Alias& alias : kAliases) {
    if (lower_type == alias.oid || lower_type == alias.long_name) return alias.short_name;
  }
  return lower_type;
}

/// Walks a DN, one type and value after the other.
class Walker {
 public:
  explicit Walker(std::string_view dn) : rest_(dn) { SkipSpaces(); }

  bool AtEnd() const { return rest_.empty(); }

  /// Reads "type=value" and the separator behind it. False: this is no DN. What it read is then in the members.
  bool Next() {
    value.clear();
    is_hex = false;
    if (!ReadType() || !ReadValue()) return false;
    continues_rdn = false;
    if (rest_.empty()) return true;
    if (rest_.front() != ',' && rest_.front() != '+') return false;
    continues_rdn = rest_.front() == '+';
    rest_.remove_prefix(1);
    SkipSpaces();
    return !rest_.empty();  // a separator with nothing behind it
  }

  std::string_view type;       ///< As spelled.
  std::string value;           ///< Unescaped; with `is_hex` the "#0402…" as spelled.
  bool is_hex = false;         ///< The value is BER in hexadecimal (RFC 4514 section 2.4).
  bool continues_rdn = false;  ///< The next type and value belong to the same RDN.

 private:
  void SkipSpaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  bool ReadType() {
    std::size_t end = 0;
    if (rest_.empty()) return false;
    if (IsAlpha(rest_.front())) {
      while (end < rest_.size() &&
             (IsAlpha(rest_[end]) || IsDigit(rest_[end]) || rest_[end] == '-' || rest_[end] == '_')) {
        ++end;
      }
    } else {
      bool after_digit = false;
      for (; end < rest_.size() && (IsDigit(rest_[end]) || (rest_[end] == '.' && after_digit)); ++end) {
        after_digit = rest_[end] != '.';
      }
      if (!after_digit) return false;
    }
    type = rest_.substr(0, end);
    rest_.remove_prefix(end);
    SkipSpaces();
    if (rest_.empty() || rest_.front() != '=') return false;
    rest_.remove_prefix(1);
    SkipSpaces();
    return true;
  }

  bool ReadValue() {
    if (rest_.empty()) return true;
    if (rest_.front() == '#') return ReadHex();
    if (rest_.front() == '"') return ReadQuoted();
    std::size_t kept = 0;  // trailing spaces count only when something that counts follows, or when escaped
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == ',' || c == '+') break;
      if (c == '"' || c == ';' || c == '<' || c == '>' || c == '\0') return false;
      if (c == '\\') {
        if (!ReadEscape()) return false;
        kept = value.size();
        continue;
      }
      value.push_back(c);
      if (c != ' ') kept = value.size();
      rest_.remove_prefix(1);
    }
    value.resize(kept);
    return true;
  }

  bool ReadEscape() {
    if (rest_.size() < 2) return false;
    const char c = rest_[1];
    if (kEscapable.find(c) != std::string_view::npos) {
      value.push_back(c);
      rest_.remove_prefix(2);
      return true;
    }
    if (rest_.size() < 3) return false;
    const int high = HexDigit(c);
    const int low = HexDigit(rest_[2]);
    if (high < 0 || low < 0) return false;
    value.push_back(static_cast<char>(high * 16 + low));
    rest_.remove_prefix(3);
    return true;
  }

  bool ReadHex() {
    is_hex = true;
    std::size_t end = 1;
    while (end < rest_.size() && HexDigit(rest_[end]) >= 0) ++end;
    if (end == 1 || end % 2 == 0) return false;
    value.assign(rest_.substr(0, end));
    rest_.remove_prefix(end);
    SkipSpaces();
    return true;
  }

  /// The quoted form of RFC 2253 section 4, which must still be understood.
  bool ReadQuoted() {
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') {
        if (!ReadEscape()) return false;
      } else {
        value.push_back(rest_.front());
        rest_.remove_prefix(1);
      }
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    SkipSpaces();
    return true;
  }

  std::string_view rest_;
};

/// Judges the plain DNs, which nearly all are, in one pass over the bytes; kUnsure leaves it to the Walker.
enum class Judgement : std::uint8_t { kDn, kUnsure };

enum class ByteClass : std::uint8_t { kPlain, kSeparator, kEscape, kUnsure };

constexpr std::array<ByteClass, 256> MakeByteClasses() {
  std::array<ByteClass, 256> classes{};
  for (const char c : {'"', ';', '<', '>', '\0'}) classes[static_cast<unsigned char>(c)] = ByteClass::kUnsure;
  for (const char c : {',', '+'}) classes[static_cast<unsigned char>(c)] = ByteClass::kSeparator;
  classes['\\'] = ByteClass::kEscape;
  return classes;
}

Judgement JudgePlainly(std::string_view dn) {
  static constexpr std::array<ByteClass, 256> kClasses = MakeByteClasses();
  std::size_t at = 0;
  for (;;) {
    while (at < dn.size() && dn[at] == ' ') ++at;
    if (at == dn.size() || !IsAlpha(dn[at])) return Judgement::kUnsure;
    while (at < dn.size() && (IsAlpha(dn[at]) || IsDigit(dn[at]))) ++at;
    if (at == dn.size() || dn[at] != '=') return Judgement::kUnsure;
    ++at;
    while (at < dn.size() && dn[at] == ' ') ++at;
    if (at < dn.size() && dn[at] == '#') return Judgement::kUnsure;
    for (;; ++at) {
      if (at == dn.size()) return Judgement::kDn;
      const ByteClass byte_class = kClasses[static_cast<unsigned char>(dn[at])];
      if (byte_class == ByteClass::kPlain) continue;
      if (byte_class == ByteClass::kSeparator) break;
      if (byte_class == ByteClass::kUnsure || at + 1 == dn.size()) return Judgement::kUnsure;
      ++at;
      if (kEscapable.find(dn[at]) != std::string_view::npos) continue;
      if (at + 1 == dn.size() || HexDigit(dn[at]) < 0 || HexDigit(dn[at + 1]) < 0) return Judgement::kUnsure;
      ++at;
    }
    ++at;
  }
}

void AppendLower(std::string_view text, std::string& out) {
  for (const char c : text) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
}

/// Appends a value as caseIgnoreMatch sees it (spaces trimmed and runs of them one), with the least escaping that
/// keeps the whole unambiguous.
void AppendFolded(std::string_view value, std::string& out) {
  bool is_first = true;
  bool space_pending = false;
  for (const char c : value) {
    if (c == ' ') {
      space_pending = !is_first;
      continue;
    }
    if (space_pending) out.push_back(' ');
    space_pending = false;
    if (c == ',' || c == '+' || c == '\\' || (c == '#' && is_first)) out.push_back('\\');
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    is_first = false;
  }
}

/// Sorts the parts of the RDN that was just appended; `starts` are their offsets in `out`.
void SortParts(const std::vector<std::size_t>& starts, std::string& out) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t end = i + 1 < starts.size() ? starts[i + 1] - 1 : out.size();
    parts.push_back(out.substr(starts[i], end - starts[i]));
  }
  std::sort(parts.begin(), parts.end());
  out.resize(starts.front());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out.push_back('+');
    out += parts[i];
  }
}

}  // namespace

bool IsDn(std::string_view dn) {
  if (JudgePlainly(dn) == Judgement::kDn) return true;
  Walker walker(dn);
  while (!walker.AtEnd()) {
    if (!walker.Next()) return false;
  }
  return true;
}

std::optional<std::string> NormalizeDn(std::string_view dn) {
  std::string out;
  out.reserve(dn.size());
  Walker walker(dn);
  std::string lower_type;
  std::vector<std::size_t> starts;  // of the current RDN's parts, when it has more than one
  std::size_t rdn_start = 0;
  while (!walker.AtEnd()) {
    if (!walker.Next()) return std::nullopt;
    lower_type.clear();
    AppendLower(walker.type, lower_type);
    out += ShortType(lower_type);
    out.push_back('=');
    if (walker.is_hex) {
      AppendLower(walker.value, out);
    } else if (IsAscii(walker.value) || !IsUtf8(walker.value)) {
      AppendFolded(walker.value, out);
    } else {
      AppendFolded(FoldCase(walker.value), out);
    }
    if (walker.continues_rdn) {
      if (starts.empty()) starts.push_back(rdn_start);
      out.push_back('+');
      starts.push_back(out.size());
      continue;
    }
    if (!starts.empty()) SortParts(starts, out);
    starts.clear();
    if (!walker.AtEnd()) out.push_back(',');
    rdn_start = out.size();
  }
  return out;
}

std::optional<std::string> FirstOfType(std::string_view dn, std::string_view type) {
  Walker walker(dn);
  std::optional<std::string> found;
  std::string wanted;
  std::string lower_type;
  AppendLower(type, wanted);
  while (!walker.AtEnd()) {
    if (!walker.Next()) return std::nullopt;
    lower_type.clear();
    AppendLower(walker.type, lower_type);
    if (found || ShortType(lower_type) != ShortType(wanted)) continue;
    if (walker.is_hex || !IsUtf8(walker.value)) return std::nullopt;  // escapes and BER can hold any bytes
    found = std::move(walker.value);
  }
  return found;
}

}  // namespace ucaas_sync
