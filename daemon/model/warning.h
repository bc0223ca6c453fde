// Something about a plan as a whole that a person should know. Plain values.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ucaas_sync {

struct Warning {
  /// One that names no person.
  Warning(std::string sentence) : text(std::move(sentence)) {}  // NOLINT(google-explicit-constructor)
  Warning(const char* sentence) : text(sentence) {}             // NOLINT(google-explicit-constructor)
  Warning(std::string sentence, std::string unnamed, std::vector<std::string> people)
      : text(std::move(sentence)), bare(std::move(unnamed)), keys(std::move(people)) {}

  std::string text;               ///< The whole, with keys of people and values.
  std::string bare;               ///< The same without them; empty when `text` has none.
  std::vector<std::string> keys;  ///< Whom `bare` leaves out, as far as they are named.
  bool lasts = false;             ///< A fact of the source or the target that stays until somebody changes it.
};

}  // namespace ucaas_sync
