#include "daemon/mapping/template_parser.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

constexpr std::array<std::string_view, 11> kFilterNames{"lower",   "upper", "title",   "first", "join", "split",
                                                        "default", "map",   "replace", "regex", "dn"};

struct FilterForm {
  std::size_t arguments = 0;
  std::string_view form;
};

/// In the order of kFilterNames, which is that of Template::Op.
constexpr std::array<FilterForm, kFilterNames.size()> kForms{{{0, "lower"},
                                                              {0, "upper"},
                                                              {0, "title"},
                                                              {0, "first"},
                                                              {1, "join:\", \""},
                                                              {1, "split:\";\""},
                                                              {1, "default:Staff"},
                                                              {1, "map:TABLE"},
                                                              {2, "replace:\"old\":\"new\""},
                                                              {2, "regex:\"pattern\":\"replacement\""},
                                                              {1, "dn:cn"}}};

}  // namespace

Template Template::Compile(const config::Text& text, Yield yield, const Resolve& resolve,
                           std::span<const WordTable> tables, config::Diagnostics& diagnostics) {
  Template compiled;
  compiled.text_ = text.value;
  TemplateParser(text, yield, resolve, tables, diagnostics).Parse(compiled);
  return compiled;
}

bool TemplateParser::Error(std::size_t at, std::string what, std::string remedy) {
  diagnostics_.Error(source_, at, std::move(what), std::move(remedy));
  return false;
}

bool TemplateParser::Parse(Template& compiled) {
  std::string literal;
  const auto flush = [&] {
    if (literal.empty()) return;
    compiled.pieces_.push_back({.literal = Nfc(literal)});
    literal.clear();
  };
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != '{' && c != '}') {
      literal += c;
      ++at_;
    } else if (at_ + 1 < text_.size() && text_[at_ + 1] == c) {
      literal += c;
      at_ += 2;
    } else if (c == '}') {
      return Error(at_, "this } closes nothing", "write }} for a brace in the text");
    } else {
      flush();
      if (!Braces(compiled)) return false;
    }
  }
  flush();
  if (compiled.uses_.empty()) {
    // Constant: one piece, ready to hand out.
    std::string whole;
    for (const Template::Piece& piece : compiled.pieces_) whole += piece.literal;
    compiled.pieces_.clear();
    compiled.pieces_.push_back({.literal = std::string(Trim(whole))});
  }
  return true;
}

bool TemplateParser::Braces(Template& compiled) {
  open_ = at_++;
  Template::Piece piece;
  if (!Names(piece)) return false;
  while (text_[at_] == '|') {
    ++at_;
    if (!Filter(piece)) return false;
  }
  ++at_;
  Settle(piece);
  const bool has_default = std::any_of(piece.steps.begin(), piece.steps.end(),
                                       [](const Template::Step& step) { return step.op == Template::Op::kDefault; });
  compiled.gathers_ = compiled.gathers_ || piece.takes_all;
  compiled.uses_.push_back({.attributes = piece.slots, .has_default = has_default, .offset = open_});
  compiled.pieces_.push_back(std::move(piece));
  return true;
}

bool TemplateParser::Names(Template::Piece& piece) {
  for (;;) {
    const std::size_t end = text_.find_first_of("{}|,\"", at_);
    if (end == std::string_view::npos)
      return Error(open_, "this { is never closed", "write {{ for a brace in the text");
    if (text_[end] == '{' || text_[end] == '"') {
      return Error(end, "a character that no attribute's name has", "write {attribute} or {attribute|filter}");
    }
    const std::string_view raw = text_.substr(at_, end - at_);
    const std::string_view name = Trim(raw);
    if (name.empty()) return Error(at_, "an attribute's name is missing", "write {attribute} or {one,other}");
    piece.slots.push_back(resolve_(name, static_cast<std::size_t>(name.data() - text_.data())));
    at_ = end;
    if (text_[end] != ',') return true;
    ++at_;
  }
}

bool TemplateParser::Filter(Template::Piece& piece) {
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  const std::size_t begin = at_;
  at_ = text_.find_first_of(":|}{", begin);
  if (at_ == std::string_view::npos) return Error(open_, "this { is never closed", "add a }");
  const std::string_view name = Trim(text_.substr(begin, at_ - begin));
  const auto found = std::find(kFilterNames.begin(), kFilterNames.end(), name);
  if (found == kFilterNames.end()) {
    const auto nearest = Nearest(name, kFilterNames);
    return Error(begin, "unknown filter \"" + Shorten(name, 40) + "\"",
                 nearest ? "did you mean " + std::string(*nearest) + "?"
                         : "known are lower, upper, title, first, join, split, default, map, replace, regex and dn");
  }
  const auto index = static_cast<std::size_t>(found - kFilterNames.begin());
  Template::Step step{.op = static_cast<Template::Op>(index), .first = {}, .second = {}, .table = nullptr, .regex = {}};
  const std::size_t argument = at_ + 1;
  if (!Arguments(begin, name, kForms[index].arguments, step)) return false;
  if (step.op == Template::Op::kMap && !FindTable(argument, step)) return false;
  if (step.op == Template::Op::kRegex && !CompileRegex(argument, step)) return false;
  if (step.first.empty() &&
      (step.op == Template::Op::kSplit || step.op == Template::Op::kReplace || step.op == Template::Op::kDn)) {
    return Error(argument, std::string(name) + " needs something to look for",
                 "write it as " + std::string(kForms[index].form));
  }
  piece.steps.push_back(std::move(step));
  return true;
}

bool TemplateParser::Arguments(std::size_t name_at, std::string_view name, std::size_t count, Template::Step& step) {
  const std::string_view form = kForms[static_cast<std::size_t>(step.op)].form;
  for (std::size_t i = 0; i < count; ++i) {
    if (text_[at_] != ':') {
      return Error(name_at, std::string(name) + " needs " + Counted(count, "argument"), "write " + std::string(form));
    }
    ++at_;
    auto argument = Argument(i + 1 < count);
    if (!argument) return false;
    (i == 0 ? step.first : step.second) = std::move(*argument);
  }
  if (text_[at_] == '|' || text_[at_] == '}') return true;
  return Error(
      at_, count == 0 ? std::string(name) + " takes no argument" : "text after the argument of " + std::string(name),
      "write " + std::string(form));
}

std::optional<std::string> TemplateParser::Argument(bool ends_at_colon) {
  std::string argument;
  if (at_ < text_.size() && text_[at_] == '"') {
    const std::size_t quote = at_++;
    for (;; ++at_) {
      if (at_ == text_.size()) {
        Error(quote, "this quote is never closed", "add a \"; inside the quotes, \"\" is a quote");
        return std::nullopt;
      }
      if (text_[at_] == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      }
      argument += text_[at_];
    }
    ++at_;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  } else {
    const std::size_t end = text_.find_first_of(ends_at_colon ? "|}:" : "|}", at_);
    argument = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
    at_ = std::min(end, text_.size());
  }
  if (at_ == text_.size()) {
    Error(open_, "this { is never closed", "add a }");
    return std::nullopt;
  }
  return Nfc(argument);
}

bool TemplateParser::FindTable(std::size_t at, Template::Step& step) {
  const std::string_view name = Trim(step.first);
  std::vector<std::string_view> names;
  for (const WordTable& table : tables_) {
    if (table.name() == name) step.table = &table;
    names.push_back(table.name());
  }
  if (step.table != nullptr) return true;
  const auto nearest = Nearest(name, names);
  return Error(at, "there is no table \"" + Shorten(name, 40) + "\"",
               nearest ? "did you mean " + std::string(*nearest) + "?" : "define it under tables:");
}

bool TemplateParser::CompileRegex(std::size_t at, Template::Step& step) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_shared<const re2::RE2>(step.first, options);
  if (!regex->ok()) {
    return Error(at, "the pattern is no regular expression: " + Printable(regex->error()),
                 "see RE2's syntax; quote a pattern that holds : | } or a quote");
  }
  std::string error;
  if (!regex->CheckRewriteString(step.second, &error)) {
    return Error(at, "the replacement does not fit the pattern: " + Printable(error),
                 "\\1 is the first group, \\\\ a backslash");
  }
  step.regex = std::move(regex);
  return true;
}

void TemplateParser::Settle(Template::Piece& piece) const {
  // Where only one value is wanted, the rest is dropped before any step looks at it: a second value that no table knows
  // must not set anybody aside.
  const auto is_join = [](const Template::Step& step) { return step.op == Template::Op::kJoin; };
  const auto last_join = std::find_if(piece.steps.rbegin(), piece.steps.rend(), is_join);
  const auto joins_until = static_cast<std::size_t>(piece.steps.rend() - last_join);
  piece.takes_all = yield_ == Template::Yield::kEach || joins_until > 0;
  std::vector<Template::Step> steps;
  for (std::size_t i = 0; i < piece.steps.size(); ++i) {
    Template::Step& step = piece.steps[i];
    if (step.op == Template::Op::kDefault) step.first = std::string(Trim(step.first));
    if (step.op == Template::Op::kDn) step.first = std::string(Trim(step.first));
    const bool spreads = step.op == Template::Op::kSplit && yield_ == Template::Yield::kOne && i >= joins_until;
    steps.push_back(std::move(step));
    if (spreads) {
      steps.push_back({.op = Template::Op::kFirst, .first = {}, .second = {}, .table = nullptr, .regex = {}});
    }
  }
  piece.steps = std::move(steps);
}

}  // namespace ucaas_sync::mapping
