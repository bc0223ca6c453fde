// A word to people outside: what happened, in a line and in full. No names of persons, no secrets.
#pragma once

#include <string>

namespace ucaas_sync::notify {

struct Notice {
  std::string event;    ///< "held", "failed", "recovered", "quarantine"
  std::string subject;  ///< One line.
  std::string text;     ///< What to do, and where to look.
  std::string run;      ///< The run's id; may be empty.
  std::string outcome;  ///< The exit code's word.
};

}  // namespace ucaas_sync::notify
