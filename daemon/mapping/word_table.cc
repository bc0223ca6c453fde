#include "daemon/mapping/word_table.h"

#include <algorithm>

#include "daemon/mapping/compare.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {

WordTable WordTable::Compile(const config::TableConfig& table, config::Diagnostics& diagnostics) {
  WordTable compiled;
  compiled.name_ = table.name.value;
  for (const auto& [word, meaning] : table.entries) {
    if (word.value == "*") {
      compiled.other_ = Nfc(Trim(meaning.value));
      continue;
    }
    std::string folded = Folded(Nfc(Trim(word.value)));
    std::string text = Nfc(Trim(meaning.value));
    const auto same = std::find_if(compiled.words_.begin(), compiled.words_.end(),
                                   [&](const auto& known) { return known.first == folded; });
    if (same == compiled.words_.end()) {
      compiled.words_.emplace_back(std::move(folded), std::move(text));
    } else if (same->second != text) {
      diagnostics.Error(word, 0, "\"" + Printable(word.value) + "\" is in table " + compiled.name_ + " already",
                        "words are compared ignoring case; keep one of them");
    }
  }
  std::sort(compiled.words_.begin(), compiled.words_.end());
  return compiled;
}

std::optional<std::string_view> WordTable::Find(std::string_view word) const {
  std::string folded;
  const bool is_ascii = IsAscii(word);
  if (!is_ascii) {
    folded = Folded(word);
    word = folded;
  }
  // Folded ASCII is lower case alone, so the text need not be copied to be compared.
  const auto found = std::lower_bound(
      words_.begin(), words_.end(), word,
      [](const auto& known, std::string_view wanted) { return CompareText(wanted, known.first, true) > 0; });
  if (found != words_.end() && EqualText(word, found->first, true)) return found->second;
  if (other_) return *other_;
  return std::nullopt;
}

}  // namespace ucaas_sync::mapping
