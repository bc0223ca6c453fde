#include "daemon/mapping/filter_parser.h"

#include <array>
#include <utility>

#include "daemon/mapping/compare.h"
#include "daemon/model/dn.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

constexpr std::string_view kForms =
    "write (attribute=value), (attribute=*), (attribute>=value), (attribute<=today) or (&(…)(…)), (|(…)(…)), (!(…))";

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Rule { kIgnoreCase, kExact, kNumeric, kDn, kAllBits, kAnyBit };

struct RuleName {
  std::string_view name;
  Rule rule;
};

/// RFC 4517 section 4.2 and Active Directory's bit-wise rules, by name and by OID.
constexpr std::array<RuleName, 20> kMatchingRules{{
    {"caseIgnoreMatch", Rule::kIgnoreCase},
    {"2.5.13.2", Rule::kIgnoreCase},
    {"caseIgnoreIA5Match", Rule::kIgnoreCase},
    {"1.3.6.1.4.1.1466.109.114.2", Rule::kIgnoreCase},
    {"booleanMatch", Rule::kIgnoreCase},
    {"2.5.13.13", Rule::kIgnoreCase},
    {"objectIdentifierMatch", Rule::kIgnoreCase},
    {"2.5.13.0", Rule::kIgnoreCase},
    {"caseExactMatch", Rule::kExact},
    {"2.5.13.5", Rule::kExact},
    {"caseExactIA5Match", Rule::kExact},
    {"1.3.6.1.4.1.1466.109.114.1", Rule::kExact},
    {"integerMatch", Rule::kNumeric},
    {"2.5.13.14", Rule::kNumeric},
    {"numericStringMatch", Rule::kNumeric},
    {"2.5.13.8", Rule::kNumeric},
    {"distinguishedNameMatch", Rule::kDn},
    {"2.5.13.1", Rule::kDn},
    {"1.2.840.113556.1.4.803", Rule::kAllBits},
    {"1.2.840.113556.1.4.804", Rule::kAnyBit},
}};

}  // namespace

Filter Filter::Compile(const config::Text& text, const Resolve& resolve, config::Diagnostics& diagnostics) {
  Filter filter;
  filter.text_ = text.value;
  if (!text.empty()) FilterParser(text, resolve, diagnostics).Parse(filter);
  return filter;
}

bool FilterParser::Error(std::size_t at, std::string what, std::string remedy) {
  diagnostics_.Error(source_, at, std::move(what), std::move(remedy));
  return false;
}

void FilterParser::SkipSpaces() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
}

bool FilterParser::Parse(Filter& filter) {
  filter_ = &filter;
  SkipSpaces();
  if (at_ == text_.size()) return Error(0, "the filter is empty", "leave the key out to let every record through");
  if (text_[at_] != '(') {
    return Error(at_, "a filter begins with (", "write (" + Shorten(Trim(text_), 60) + ")");
  }
  if (!Component(0)) return false;
  SkipSpaces();
  if (at_ == text_.size()) return true;
  if (text_[at_] == ')') return Error(at_, "this ) closes nothing", "take it out");
  return Error(at_, "text after the end of the filter", "join several filters with (&(…)(…)) or (|(…)(…))");
}

bool FilterParser::Component(std::size_t depth) {
  const std::size_t open = at_++;
  if (depth >= kMaxFilterDepth) {
    return Error(open, "filters nested more than " + std::to_string(kMaxFilterDepth) + " deep", "write it flatter");
  }
  SkipSpaces();
  if (at_ == text_.size()) return Error(open, "this ( is never closed", std::string(kForms));
  const std::size_t index = filter_->nodes_.size();
  if (!Contents(open, depth)) return false;
  if (index < filter_->nodes_.size()) {
    filter_->nodes_[index].text_begin = static_cast<std::uint32_t>(open);
    filter_->nodes_[index].text_end = static_cast<std::uint32_t>(at_);
  }
  return true;
}

bool FilterParser::Contents(std::size_t open, std::size_t depth) {
  switch (text_[at_]) {
    case '&':
      return List(Filter::Op::kAnd, open, depth);
    case '|':
      return List(Filter::Op::kOr, open, depth);
    case '!':
      return List(Filter::Op::kNot, open, depth);
    default:
      return Item(open);
  }
}

bool FilterParser::List(Filter::Op op, std::size_t open, std::size_t depth) {
  const std::size_t sign = at_++;
  const std::size_t index = filter_->nodes_.size();
  Push({.op = op});
  std::size_t operands = 0;
  for (;;) {
    SkipSpaces();
    if (at_ == text_.size()) return Error(open, "this ( is never closed", "add a ) at the end");
    if (text_[at_] == ')') break;
    if (text_[at_] != '(') {
      return Error(at_, std::string("after ") + text_[sign] + " come filters in parentheses", std::string(kForms));
    }
    if (op == Filter::Op::kNot && operands == 1) {
      return Error(at_, "! takes one filter", "write (!(|(…)(…))) for none of several");
    }
    if (!Component(depth + 1)) return false;
    ++operands;
  }
  if (op == Filter::Op::kNot && operands == 0) return Error(sign, "! takes one filter", "write (!(attribute=value))");
  ++at_;
  filter_->nodes_[index].end = static_cast<std::uint32_t>(filter_->nodes_.size());
  return true;
}

bool FilterParser::Item(std::size_t open) {
  const std::size_t begin = at_;
  const std::size_t end = text_.find_first_of("()", begin);
  if (end == std::string_view::npos) return Error(open, "this ( is never closed", "add a ) at the end");
  if (text_[end] == '(') return Error(end, "a ( inside a comparison", "write \\28 for a parenthesis in a value");
  at_ = end + 1;

  const std::size_t sign = text_.find_first_of("=<>~:", begin);
  if (sign >= end) return Error(begin, "no comparison between these parentheses", std::string(kForms));
  const std::string_view name = text_.substr(begin, sign - begin);
  if (text_[sign] == ':') {
    const std::size_t assign = text_.find(":=", sign);
    if (assign >= end) {
      return Error(sign, "a colon here begins a matching rule, and := is missing",
                   "write (attribute:caseExactMatch:=value), or \\3a for a colon in a value");
    }
    return ExtensibleItem(text_.substr(begin, assign - begin), begin, assign + 2, end);
  }

  Filter::Node node;
  std::size_t value = sign + 1;
  const bool has_equals = value < end && text_[value] == '=';
  switch (text_[sign]) {
    case '<':
      node.op = has_equals ? Filter::Op::kLessOrEqual : Filter::Op::kLess;
      break;
    case '>':
      node.op = has_equals ? Filter::Op::kGreaterOrEqual : Filter::Op::kGreater;
      break;
    case '~':
      if (!has_equals) return Error(sign, "~ without =", "write ~= for \"about equal\"");
      node.op = Filter::Op::kApproximate;
      break;
    default:
      node.op = Filter::Op::kEqual;
      break;
  }
  if (text_[sign] != '=' && has_equals) ++value;
  const auto slot = Attribute(name, begin);
  if (!slot) return false;
  node.slot = *slot;
  return Value(node, value, end);
}

bool FilterParser::Value(Filter::Node& node, std::size_t begin, std::size_t end) {
  const std::string_view raw = text_.substr(begin, end - begin);
  const std::string_view trimmed = Trim(raw);
  if (trimmed.empty()) {
    return Error(begin, "nothing to compare with", "write (!(attribute=*)) for \"has no value\"");
  }
  begin += static_cast<std::size_t>(trimmed.data() - raw.data());
  end = begin + trimmed.size();
  if (node.op == Filter::Op::kEqual && trimmed == "*") {
    node.op = Filter::Op::kPresent;
    Push(node);
    return true;
  }
  if (const auto star = trimmed.find('*'); star != std::string_view::npos) {
    if (node.op == Filter::Op::kEqual) return Substrings(node, begin, end);
    return Error(begin + star, "a * goes with = only", "write \\2a for a star in a value");
  }
  auto value = Unescape(begin, end);
  if (!value) return false;
  if (node.op != Filter::Op::kApproximate) {
    const ParsedToday today = ParseToday(*value);
    if (today.verdict == TodayText::kBad) {
      return Error(begin + today.error_at, "\"" + Printable(*value) + "\" is no date relative to today",
                   "write today, today+7d, today-2w, today+3m or today-1y");
    }
    if (today.verdict == TodayText::kGood) {
      node.is_date = true;
      node.offset = today.offset;
      filter_->has_dates_ = true;
    }
  }
  Filter::Assertion assertion = MakeAssertion(std::move(*value));
  if (node.op == Filter::Op::kApproximate) assertion.folded = LettersAndDigits(assertion.text);
  node.first_text = static_cast<std::uint32_t>(filter_->texts_.size());
  node.text_count = 1;
  filter_->texts_.push_back(std::move(assertion));
  Push(node);
  return true;
}

bool FilterParser::Substrings(Filter::Node& node, std::size_t begin, std::size_t end) {
  node.op = Filter::Op::kSubstrings;
  node.first_text = static_cast<std::uint32_t>(filter_->texts_.size());
  node.anchored_at_start = text_[begin] != '*';
  node.anchored_at_end = text_[end - 1] != '*';
  while (begin < end) {
    const std::size_t star = std::min(text_.find('*', begin), end);
    if (star > begin) {
      auto part = Unescape(begin, star);
      if (!part) return false;
      filter_->texts_.push_back(MakeAssertion(std::move(*part)));
      ++node.text_count;
    }
    begin = star + 1;
  }
  if (node.text_count == 0) node.op = Filter::Op::kPresent;
  Push(node);
  return true;
}

bool FilterParser::ExtensibleItem(std::string_view head, std::size_t head_at, std::size_t value_at, std::size_t end) {
  Extensible parts;
  std::size_t colon = head.find(':');
  parts.attribute = head.substr(0, colon);
  while (colon != std::string_view::npos) {
    const std::size_t begin = colon + 1;
    colon = head.find(':', begin);
    const std::string_view part = head.substr(begin, colon == std::string_view::npos ? colon : colon - begin);
    const bool is_first = begin == parts.attribute.size() + 1;
    if (is_first && EqualsIgnoreAsciiCase(part, "dn")) {
      parts.looks_at_dn = true;
    } else if (parts.rule.empty() && !part.empty()) {
      parts.rule = part;
      parts.rule_at = head_at + begin;
    } else {
      return Error(head_at + begin, "an extensible match has one matching rule",
                   "write (attribute:caseExactMatch:=value) or (attribute:dn:=value)");
    }
  }
  if (Trim(parts.attribute).empty()) {
    return Error(head_at, "a matching rule without an attribute would look at every attribute",
                 "name one: (attribute:caseExactMatch:=value)");
  }
  const auto slot = Attribute(parts.attribute, head_at);
  if (!slot) return false;
  const std::string_view raw = Trim(text_.substr(value_at, end - value_at));
  if (raw.empty()) return Error(value_at, "nothing to compare with", "write (!(attribute=*)) for \"has no value\"");
  value_at = static_cast<std::size_t>(raw.data() - text_.data());
  auto value = Unescape(value_at, value_at + raw.size());
  if (!value) return false;

  Filter::Node node{.op = Filter::Op::kEqual, .looks_at_dn = parts.looks_at_dn, .slot = *slot};
  Filter::Assertion assertion = MakeAssertion(std::move(*value));
  assertion.attribute = std::string(Trim(parts.attribute));
  if (!parts.rule.empty() && !ApplyMatchingRule(node, assertion, parts, value_at)) return false;
  node.first_text = static_cast<std::uint32_t>(filter_->texts_.size());
  node.text_count = 1;
  filter_->texts_.push_back(std::move(assertion));
  Push(node);
  return true;
}

bool FilterParser::ApplyMatchingRule(Filter::Node& node, Filter::Assertion& assertion, const Extensible& parts,
                                     std::size_t value_at) {
  const RuleName* found = nullptr;
  for (const RuleName& candidate : kMatchingRules) {
    if (EqualsIgnoreAsciiCase(candidate.name, parts.rule)) found = &candidate;
  }
  if (found == nullptr) {
    return Error(parts.rule_at, "unknown matching rule \"" + Shorten(parts.rule, 60) + "\"",
                 "known are caseIgnoreMatch, caseExactMatch, integerMatch, numericStringMatch, "
                 "distinguishedNameMatch, 1.2.840.113556.1.4.803 (all bits) and 1.2.840.113556.1.4.804 (any bit)");
  }
  switch (found->rule) {
    case Rule::kIgnoreCase:
      return true;
    case Rule::kExact:
      node.op = Filter::Op::kExact;
      return true;
    case Rule::kNumeric:
      node.op = Filter::Op::kNumeric;
      if (CompareNumbers(assertion.text, "0")) return true;
      return Error(value_at, "this matching rule compares numbers", "write digits");
    case Rule::kDn: {
      node.op = Filter::Op::kSameDn;
      auto dn = NormalizeDn(assertion.text);
      if (!dn)
        return Error(value_at, "this matching rule compares DNs", "write one, like cn=Sales,ou=Groups,dc=example");
      assertion.folded = std::move(*dn);
      return true;
    }
    case Rule::kAllBits:
    case Rule::kAnyBit: {
      node.op = found->rule == Rule::kAllBits ? Filter::Op::kAllBits : Filter::Op::kAnyBit;
      const auto bits = FlagBits(assertion.text);
      if (!bits) return Error(value_at, "this matching rule compares bits", "write a whole number, like 2");
      assertion.bits = *bits;
      return true;
    }
  }
  return false;
}

std::optional<Slot> FilterParser::Attribute(std::string_view name, std::size_t at) {
  const std::string_view trimmed = Trim(name);
  if (trimmed.empty()) {
    Error(at, "an attribute's name is missing", std::string(kForms));
    return std::nullopt;
  }
  at += static_cast<std::size_t>(trimmed.data() - name.data());
  for (std::size_t i = 0; i < trimmed.size(); ++i) {
    const char c = trimmed[i];
    if (c == '*' || c == '\\' || c == '!' || c == '&' || c == '|' || c == '"' || static_cast<unsigned char>(c) < 0x20) {
      Error(at + i, "a character that no attribute's name has", std::string(kForms));
      return std::nullopt;
    }
  }
  return resolve_(trimmed, at);
}

std::optional<std::string> FilterParser::Unescape(std::size_t begin, std::size_t end) {
  std::string value;
  for (std::size_t i = begin; i < end; ++i) {
    if (text_[i] != '\\') {
      value += text_[i];
      continue;
    }
    const int high = i + 1 < end ? HexDigit(text_[i + 1]) : -1;
    const int low = i + 2 < end ? HexDigit(text_[i + 2]) : -1;
    if (high < 0 || low < 0) {
      Error(i, "a backslash takes two hexadecimal digits",
            "write \\5c for a backslash, \\28 and \\29 for parentheses, \\2a for a star");
      return std::nullopt;
    }
    value += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return value;
}

Filter::Assertion FilterParser::MakeAssertion(std::string value) const {
  Filter::Assertion assertion;
  assertion.text = IsUtf8(value) ? Nfc(value) : std::move(value);
  assertion.folded = Folded(assertion.text);
  assertion.is_ascii = IsAscii(assertion.folded);
  return assertion;
}

void FilterParser::Push(Filter::Node node) {
  node.end = static_cast<std::uint32_t>(filter_->nodes_.size() + 1);
  filter_->nodes_.push_back(node);
}

}  // namespace ucaas_sync::mapping
