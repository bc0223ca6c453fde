#include "config/expand.h"

#include <cstdlib>
#include <string_view>

#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

bool IsVariableName(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    const bool fits = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!fits) return false;
  }
  return true;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

std::optional<std::string> Expand(const Text& text, const Environment& environment, Diagnostics& diagnostics) {
  const std::string_view in = text.value;
  std::string out;
  bool good = true;
  std::size_t done = 0;
  while (true) {
    const std::size_t open = in.find("${", done);
    if (open == std::string_view::npos) break;
    if (open > done && in[open - 1] == '$') {
      out.append(in.substr(done, open - 1 - done)).append("${");
      done = open + 2;
      continue;
    }
    out.append(in.substr(done, open - done));
    const std::size_t close = in.find('}', open);
    const std::string_view name =
        close == std::string_view::npos ? in.substr(open + 2) : in.substr(open + 2, close - open - 2);
    if (close == std::string_view::npos || !IsVariableName(name)) {
      diagnostics.Error(text, open, "\"${\" without the name of an environment variable and \"}\" after it",
                        "write ${NAME}, or $${ for the two characters themselves");
      return std::nullopt;
    }
    const std::optional<std::string> value = environment(std::string(name));
    if (!value) {
      diagnostics.Error(text, open, "the environment variable " + std::string(name) + " is not set",
                        "set it for this program (systemd: Environment= or EnvironmentFile=), or write the value here");
      good = false;
    } else if (!IsUtf8(*value)) {
      diagnostics.Error(text, open, "the environment variable " + std::string(name) + " is not UTF-8");
      good = false;
    } else {
      out += *value;
    }
    done = close + 1;
  }
  if (!good) return std::nullopt;
  out.append(in.substr(done));
  return out;
}

}  // namespace ucaas_sync::config
