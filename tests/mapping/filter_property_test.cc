// Random filters over random records: the flat program says what a naive reading of the tree says.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "daemon/mapping/filter.h"
#include "daemon/model/text.h"
#include "tests/mapping/support.h"

namespace ucaas_sync::mapping {
namespace {

constexpr std::size_t kAttributes = 4;

struct Tree {
  std::string sign;  // & | ! or a comparison
  std::vector<Tree> operands;
  std::size_t attribute = 0;
  std::vector<std::string> parts;  // what stands between stars; one: no star
};

using Values = std::vector<std::vector<std::string>>;  // by attribute

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::size_t Below(std::size_t limit) { return random_() % limit; }

  std::string Word(bool may_be_empty) {
    // Few letters, so that they meet; with everything that needs an escape.
    static const std::vector<std::string> kLetters{"a", "B", "b", "1", "2", "(", ")", "*", "\\", "ä", "Ä"};
    std::string word;
    for (std::size_t left = Below(4) + (may_be_empty ? 0 : 1); left > 0; --left)
      word += kLetters[Below(kLetters.size())];
    return word;
  }

  Tree Make(std::size_t depth) {
    Tree tree;
    const std::size_t choice = Below(depth == 0 ? 6 : 9);
    if (choice >= 6) {
      tree.sign = choice == 6 ? "&" : (choice == 7 ? "|" : "!");
      const std::size_t count = tree.sign == "!" ? 1 : Below(4);
      for (std::size_t i = 0; i < count; ++i) tree.operands.push_back(Make(depth - 1));
      return tree;
    }
    static const std::vector<std::string> kSigns{"=", "=", "<=", ">=", "<", ">"};
    tree.sign = kSigns[choice];
    tree.attribute = Below(kAttributes);
    if (choice == 1) {
      const std::size_t stars = Below(3) + 1;
      for (std::size_t i = 0; i <= stars; ++i) tree.parts.push_back(Word(true));
    } else {
      tree.parts.push_back(Word(false));
    }
    return tree;
  }

  Values MakeValues() {
    Values values(kAttributes);
    for (auto& list : values) {
      for (std::size_t left = Below(3); left > 0; --left) list.push_back(Word(false));
    }
    return values;
  }

 private:
  std::mt19937 random_;
};

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '(') {
      out += "\\28";
    } else if (c == ')') {
      out += "\\29";
    } else if (c == '*') {
      out += "\\2A";
    } else if (c == '\\') {
      out += "\\5c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Write(const Tree& tree) {
  std::string text = "(";
  if (tree.sign == "&" || tree.sign == "|" || tree.sign == "!") {
    text += tree.sign;
    for (const Tree& operand : tree.operands) text += Write(operand);
    return text + ")";
  }
  text += "attr" + std::to_string(tree.attribute) + tree.sign;
  for (std::size_t i = 0; i < tree.parts.size(); ++i) text += (i == 0 ? "" : "*") + Escape(tree.parts[i]);
  return text + ")";
}

bool MatchesPattern(const std::string& value, const std::vector<std::string>& parts, std::size_t part) {
  // `value` must be parts[part] * parts[part + 1] * … to its end.
  if (!value.starts_with(parts[part])) return false;
  if (part + 1 == parts.size()) return value == parts[part];
  for (std::size_t skip = parts[part].size(); skip <= value.size(); ++skip) {
    if (MatchesPattern(value.substr(skip), parts, part + 1)) return true;
  }
  return false;
}

std::optional<double> Number(const std::string& text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) return {};
  return std::stod(text);
}

bool Naive(const Tree& tree, const Values& values) {
  if (tree.sign == "&") {
    return std::all_of(tree.operands.begin(), tree.operands.end(), [&](const Tree& t) { return Naive(t, values); });
  }
  if (tree.sign == "|") {
    return std::any_of(tree.operands.begin(), tree.operands.end(), [&](const Tree& t) { return Naive(t, values); });
  }
  if (tree.sign == "!") return !Naive(tree.operands[0], values);
  std::vector<std::string> parts;
  for (const std::string& part : tree.parts) parts.push_back(FoldCase(part));
  return std::any_of(values[tree.attribute].begin(), values[tree.attribute].end(), [&](const std::string& raw) {
    const std::string value = FoldCase(raw);
    if (tree.sign == "=") return parts.size() == 1 ? value == parts[0] : MatchesPattern(value, parts, 0);
    int order = value.compare(parts[0]);
    if (Number(value) && Number(parts[0])) {
      order = *Number(value) < *Number(parts[0]) ? -1 : (*Number(value) > *Number(parts[0]) ? 1 : 0);
    }
    if (tree.sign == "<") return order < 0;
    if (tree.sign == "<=") return order <= 0;
    if (tree.sign == ">") return order > 0;
    return order >= 0;
  });
}

TEST_CASE("a compiled filter says what a naive reading of its tree says") {
  Generator generator(20261123);
  const DateReader dates;
  std::size_t matched = 0;
  constexpr std::size_t kRounds = 20'000;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const Tree tree = generator.Make(3);
    const std::string text = Write(tree);
    config::Diagnostics diagnostics;
    AttributeTable table = AttributeTable::Selected();
    const Filter filter = Filter::Compile(
        At(text), [&](std::string_view name, std::size_t) { return table.Need(name); }, diagnostics);
    CAPTURE(text);
    REQUIRE(diagnostics.ok());
    for (int i = 0; i < 3; ++i) {
      const Values values = generator.MakeValues();
      Record record;
      for (std::size_t a = 0; a < kAttributes; ++a) {
        const Slot slot = table.Find("ATTR" + std::to_string(a));
        for (const std::string& value : values[a]) {
          if (slot != kNoSlot) record.Add(slot, value);
        }
      }
      Findings findings;
      const Verdict verdict = filter.Judge({.record = record}, {&dates, 1}, findings);
      REQUIRE(verdict != Verdict::kUndefined);
      REQUIRE((verdict == Verdict::kYes) == Naive(tree, values));
      matched += verdict == Verdict::kYes ? 1 : 0;
    }
  }
  // Both answers must have been tried often.
  CHECK(matched > kRounds / 4);
  CHECK(matched < kRounds * 3 - kRounds / 4);
}

}  // namespace
}  // namespace ucaas_sync::mapping
