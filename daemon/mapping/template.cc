#include "daemon/mapping/template.h"

#include <re2/re2.h>

#include <algorithm>

#include "daemon/mapping/normalize.h"
#include "daemon/model/dn.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

bool IsPlainLower(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80 && !(c >= 'A' && c <= 'Z'); });
}

std::string_view LowerInto(std::string_view text, Scratch& scratch) {
  if (IsPlainLower(text)) return text;
  if (!IsAscii(text)) return scratch.Keep(Lower(text));
  char* const bytes = scratch.Allocate(text.size());
  std::transform(text.begin(), text.end(), bytes,
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return {bytes, text.size()};
}

std::string ReplaceAll(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  for (;;) {
    const auto found = text.find(what);
    out += text.substr(0, found);
    if (found == std::string_view::npos) return out;
    out += with;
    text.remove_prefix(found + what.size());
  }
}

void Split(std::string_view text, std::string_view separator, std::vector<std::string_view>& parts) {
  for (;;) {
    const auto found = text.find(separator);
    parts.push_back(Trim(text.substr(0, found)));
    if (found == std::string_view::npos) return;
    text.remove_prefix(found + separator.size());
  }
}

/// `change` gives a std::string.
template <typename Change>
void ForEachValue(Workbench& bench, Change&& change) {
  for (std::string_view& value : bench.values) value = Normalize(bench.scratch.Keep(change(value)), bench.scratch);
}

/// What a replacement makes longer than this is a mistake in the template; a few more of them would fill the memory.
constexpr std::size_t kLongestGrown = 65'536;

/// As ForEachValue; false, with the value, when one has grown too long.
template <typename Change>
bool ReplaceInEach(Workbench& bench, Rendered& rendered, Change&& change) {
  for (std::string_view& value : bench.values) {
    const std::string text = change(value);
    if (text.size() > kLongestGrown && text.size() > value.size()) {
      rendered.failed = true;
      rendered.value = value;
      return false;
    }
    value = Normalize(bench.scratch.Keep(text), bench.scratch);
  }
  return true;
}

}  // namespace

bool Template::Apply(const Step& step, Workbench& bench, Rendered& rendered) {
  auto& values = bench.values;
  switch (step.op) {
    case Op::kLower:
      for (std::string_view& value : values) value = LowerInto(value, bench.scratch);
      break;
    case Op::kUpper:
      ForEachValue(bench, [](std::string_view value) { return Upper(value); });
      break;
    case Op::kTitle:
      ForEachValue(bench, [](std::string_view value) { return Title(value); });
      break;
    case Op::kFirst:
      if (values.size() > 1) values.resize(1);
      break;
    case Op::kJoin: {
      if (values.size() < 2) break;
      bench.text.clear();
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) bench.text += step.first;
        bench.text += values[i];
      }
      values.resize(1);
      values[0] = Normalize(bench.scratch.Keep(bench.text), bench.scratch);
      break;
    }
    case Op::kSplit:
      bench.more.clear();
      for (const std::string_view value : values) Split(value, step.first, bench.more);
      values.swap(bench.more);
      break;
    case Op::kDefault:
      if (values.empty()) values.push_back(step.first);
      break;
    case Op::kMap:
      for (std::string_view& value : values) {
        const auto meaning = step.table->Find(value);
        if (!meaning) {
          rendered.failed = true;
          rendered.value = value;
          rendered.table = step.table->name();
          return false;
        }
        value = *meaning;
      }
      break;
    case Op::kReplace:
      if (!ReplaceInEach(bench, rendered,
                         [&](std::string_view value) { return ReplaceAll(value, step.first, step.second); })) {
        return false;
      }
      break;
    case Op::kRegex:
      if (!ReplaceInEach(bench, rendered, [&](std::string_view value) {
            std::string text(value);
            RE2::GlobalReplace(&text, *step.regex, step.second);
            return text;
          })) {
        return false;
      }
      break;
    case Op::kDn:
      ForEachValue(bench, [&](std::string_view value) { return FirstOfType(value, step.first).value_or(""); });
      break;
  }
  std::erase_if(values, [](std::string_view value) { return value.empty(); });
  return true;
}

Rendered Template::Fill(const Piece& piece, const Facts& facts, Workbench& bench) const {
  Rendered rendered;
  bench.values.clear();
  bool lacks_partner = false;
  for (const Slot slot : piece.slots) {
    rendered.slot = slot;
    const Origin origin = facts.OriginOf(slot);
    if (origin == kCutShort) {
      rendered.state = FieldState::kUnknown;
      return rendered;
    }
    if (facts.record.Has(slot)) {
      if (piece.takes_all) {
        facts.record.ForEach(slot, [&](std::string_view value) {
          if (!value.empty()) bench.values.push_back(value);
        });
      } else if (const std::string_view first = facts.record.First(slot); !first.empty()) {
        bench.values.push_back(first);
      }
      if (!bench.values.empty()) break;
    }
    // A fallback must not stand in for what a silent source, or a rejected record, would have said.
    if (origin == kUnknowable || (origin == kNoPartner && facts.may_be_rejected)) {
      rendered.state = FieldState::kUnknown;
      return rendered;
    }
    lacks_partner = lacks_partner || origin == kNoPartner;
  }
  for (const Step& step : piece.steps) {
    if (Apply(step, bench, rendered)) continue;
    rendered.state = FieldState::kUnknown;
    return rendered;
  }
  if (!bench.values.empty()) {
    rendered.state = FieldState::kValue;
    rendered.text = bench.values.front();
  } else if (lacks_partner) {
    rendered.state = FieldState::kUnknown;
  }
  return rendered;
}

void Template::Append(const Piece& piece, std::string_view value, std::string& text, bool& skip_space) const {
  if (piece.is_attribute()) {
    text += value;
    skip_space = value.empty() && (text.empty() || text.back() == ' ');
    return;
  }
  std::string_view literal = piece.literal;
  if (skip_space && literal.starts_with(' ')) literal.remove_prefix(1);
  skip_space = false;
  text += literal;
}

Rendered Template::Render(const Facts& facts, Workbench& bench) const {
  if (pieces_.size() == 1 && pieces_.front().is_attribute()) return Fill(pieces_.front(), facts, bench);
  if (pieces_.size() == 1 && is_constant()) {
    return {.state = pieces_.front().literal.empty() ? FieldState::kEmpty : FieldState::kValue,
            .text = pieces_.front().literal};
  }
  std::string& text = bench.whole;
  text.clear();
  bool skip_space = false;
  bool has_value = false;
  for (const Piece& piece : pieces_) {
    Rendered part;
    if (piece.is_attribute()) {
      part = Fill(piece, facts, bench);
      if (part.state == FieldState::kUnknown) return part;
      has_value = has_value || part.state == FieldState::kValue;
    }
    Append(piece, part.text, text, skip_space);
  }
  if (!has_value) return {};
  const std::string_view kept = Normalize(bench.scratch.Keep(text), bench.scratch);
  return {.state = kept.empty() ? FieldState::kEmpty : FieldState::kValue, .text = kept};
}

Rendered Template::RenderEach(const Facts& facts, Workbench& bench, std::vector<std::string_view>& texts) const {
  const std::size_t first_new = texts.size();
  if (pieces_.size() == 1 && pieces_.front().is_attribute()) {
    Rendered rendered = Fill(pieces_.front(), facts, bench);
    if (rendered.state == FieldState::kValue) texts.insert(texts.end(), bench.values.begin(), bench.values.end());
    return rendered;
  }
  // Of several attributes the first with more than one value is spread out; the others give their first.
  std::size_t spread = pieces_.size();
  bool has_value = is_constant();
  std::vector<std::string_view> firsts(pieces_.size());
  std::vector<std::string_view> many;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (!pieces_[i].is_attribute()) continue;
    Rendered rendered = Fill(pieces_[i], facts, bench);
    if (rendered.state == FieldState::kUnknown) return rendered;
    firsts[i] = rendered.text;
    has_value = has_value || rendered.state == FieldState::kValue;
    if (spread == pieces_.size() && bench.values.size() > 1) {
      spread = i;
      many = bench.values;
    }
  }
  if (!has_value) return {};
  const std::size_t count = std::max<std::size_t>(1, many.size());
  for (std::size_t n = 0; n < count; ++n) {
    std::string text;
    bool skip_space = false;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      Append(pieces_[i], i == spread ? many[n] : firsts[i], text, skip_space);
    }
    const std::string_view kept = Normalize(bench.scratch.Keep(text), bench.scratch);
    if (!kept.empty()) texts.push_back(kept);
  }
  return {.state = texts.size() > first_new ? FieldState::kValue : FieldState::kEmpty};
}

}  // namespace ucaas_sync::mapping
