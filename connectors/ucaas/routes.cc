#include "connectors/ucaas/routes.h"

#include <algorithm>
#include <array>

#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

constexpr std::string_view kLogin = "login";

struct BuiltInRoute {
  std::string_view name;
  std::string_view path;
};
constexpr std::array<BuiltInRoute, 4> kBuiltIn{
    {{kLogin, "login"}, {"users", "users"}, {"groups", "groups"}, {"contacts", "contacts"}}};

std::string_view RouteName(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "users";
    case Kind::kGroup:
      return "groups";
    case Kind::kContact:
      return "contacts";
  }
  return "";
}

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/// What RFC 3986 lets stand in a path: pchar and the slash.
bool IsPathCharacter(char c) {
  return IsUnreserved(c) || std::string_view("!$&'()*+,;=:@%/").find(c) != std::string_view::npos;
}

struct PathProblem {
  std::size_t offset = 0;
  std::string what;
};

std::optional<PathProblem> CheckPath(std::string_view path) {
  if (path.empty()) return PathProblem{0, "the path is empty"};
  if (path.find("://") != std::string_view::npos) return PathProblem{0, "a route cannot lead to another address"};
  if (path.front() == '/') return PathProblem{0, "the path begins with a slash, but it continues target.base_url"};
  if (path.back() == '/') return PathProblem{path.size() - 1, "the path ends with a slash"};
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '?' || path[i] == '#') return PathProblem{i, "a route is a path, without a query or fragment"};
    const bool is_escape = path[i] == '%' && i + 2 < path.size() && IsHexDigit(path[i + 1]) && IsHexDigit(path[i + 2]);
    if (!IsPathCharacter(path[i]) || (path[i] == '%' && !is_escape)) {
      return PathProblem{i, "a path cannot have the character " + Printable(path.substr(i, 1)) + " here"};
    }
  }
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    std::string segment = AsciiLower(path.substr(begin, end - begin));
    for (std::size_t at = 0; (at = segment.find("%2e")) != std::string::npos;) segment.replace(at, 3, ".");
    if (segment.empty()) return PathProblem{begin, "the path has an empty segment"};
    if (segment == "." || segment == "..") return PathProblem{begin, "the path leaves target.base_url"};
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

Routes Routes::BuiltIn() {
  Routes routes;
  for (const auto& [name, path] : kBuiltIn) routes.paths_.emplace(name, path);
  return routes;
}

Routes Routes::From(const config::TargetConfig& target, config::Diagnostics& diagnostics) {
  Routes routes = BuiltIn();
  for (const auto& [name, path] : target.routes) {
    if (!routes.paths_.contains(name.value)) {
      std::vector<std::string_view> names;
      for (const BuiltInRoute& route : kBuiltIn) names.push_back(route.name);
      const auto nearest = Nearest(name.value, names);
      diagnostics.Error(
          name.at, "there is no route \"" + Printable(name.value) + "\"",
          nearest ? "write " + std::string(*nearest) : "the routes are login, users, groups and contacts");
      continue;
    }
    if (const auto problem = CheckPath(path.value)) {
      diagnostics.Error(path, problem->offset, problem->what, "write a relative path such as contact-groups");
      continue;
    }
    routes.paths_[name.value] = path.value;
  }
  // Two kinds at one place would look like each other's objects, and one would be taken for absent.
  for (const auto& [name, path] : target.routes) {
    const auto own = routes.paths_.find(name.value);
    if (own == routes.paths_.end() || own->second != path.value) continue;
    for (const auto& [other, other_path] : routes.paths_) {
      if (other == name.value || other_path != path.value) continue;
      diagnostics.Error(path, 0, "the routes " + name.value + " and " + other + " lead to the same path",
                        "give each its own");
    }
  }
  return routes;
}

const std::string& Routes::Collection(Kind kind) const {
  return paths_.find(RouteName(kind))->second;
}

std::string Routes::Object(Kind kind, std::string_view remote_id) const {
  std::string path = Collection(kind) + '/';
  if (remote_id == "." || remote_id == "..") {
    // Otherwise a path segment that clients and servers resolve: DELETE users/.. would be another object.
    for (std::size_t i = 0; i < remote_id.size(); ++i) path += "%2E";
    return path;
  }
  return path + PercentEncode(remote_id);
}

const std::string& Routes::Login() const {
  return paths_.find(kLogin)->second;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
  return out;
}

}  // namespace ucaas_sync::ucaas
