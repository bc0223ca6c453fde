// One way to write what is wrong with an input. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "daemon/model/problem.h"

namespace ucaas_sync::bytes {

/// A problem in `file` at `line` and `column`; 0 where they are not known.
inline Problem ProblemAt(std::string file, std::uint64_t line, std::uint64_t column, std::string what,
                         std::string remedy) {
  Problem problem;
  problem.at.file = std::move(file);
  problem.at.line = line;
  problem.at.column = column;
  problem.what = std::move(what);
  problem.remedy = std::move(remedy);
  return problem;
}

}  // namespace ucaas_sync::bytes
