#include "connectors/ucaas/sandbox/request.h"

#include <algorithm>

#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr std::string_view kBasePath = "/ucaas/v1/";
constexpr std::size_t kMaxId = 64;
constexpr std::size_t kMaxParameters = 16;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Undoes %XX; in a query also "+". Nothing for a broken escape, for NUL, and for what is not UTF-8.
std::optional<std::string> Unescape(std::string_view text, bool in_query) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && in_query) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  if (!IsUtf8(out)) return std::nullopt;
  return out;
}

std::optional<Kind> CollectionNamed(std::string_view name) {
  for (const Kind kind : kAllKinds) {
    if (Collection(kind) == name) return kind;
  }
  return std::nullopt;
}

/// A positive decimal without sign, blanks or leading zeros.
std::optional<std::uint64_t> ParsePositive(std::string_view text) {
  constexpr std::size_t kDigits = 9;
  if (text.empty() || text.size() > kDigits || text.front() == '0') return std::nullopt;
  return ParseUnsigned(text);
}

bool Contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string OneOf(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

std::optional<Refusal> SetOrder(ListQuery& list, const std::string& value,
                                const std::vector<std::string_view>& fields) {
  list.order_by_text = value;
  std::size_t begin = 0;
  while (begin <= value.size()) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    std::string name = value.substr(begin, end - begin);
    const bool repeated = std::find(list.order_by.begin(), list.order_by.end(), name) != list.order_by.end();
    if (!Contains(fields, name) || repeated) {
      return Refusal{Code::kBadOrderBy, "order_by takes each of these once: " + OneOf(fields) + ".", {}};
    }
    list.order_by.push_back(std::move(name));
    begin = end + 1;
  }
  return std::nullopt;
}

std::optional<Refusal> SetParameter(ListQuery& list, const std::string& name, const std::string& value,
                                    const std::vector<std::string_view>& fields) {
  if (name == "page") {
    const auto page = ParsePositive(value);
    if (!page) return Refusal{Code::kBadPage, "page must be a number, 1 or more.", {}};
    list.page = *page;
  } else if (name == "page_length") {
    const auto length = ParsePositive(value);
    if (!length) return Refusal{Code::kBadPageLength, "page_length must be a number, 1 or more.", {}};
    list.page_length = *length;
  } else if (name == "search_by") {
    if (!Contains(fields, value)) {
      return Refusal{Code::kBadSearch, "search_by must be one of: " + OneOf(fields) + ".", {}};
    }
    list.search_by = value;
  } else if (name == "search_string") {
    if (value.empty()) return Refusal{Code::kBadSearch, "search_string must not be empty.", {}};
    list.search_string = value;
  } else if (name == "order_by") {
    return SetOrder(list, value, fields);
  } else if (name == "order_qualify") {
    if (value != "asc" && value != "desc") {
      return Refusal{Code::kBadOrderQualify, "order_qualify must be asc or desc.", {}};
    }
    list.descending = value == "desc";
  } else {
    return Refusal{Code::kBadRequest, "The parameter \"" + Shorten(name, 60) + "\" is not known.", {}};
  }
  return std::nullopt;
}

}  // namespace

std::string_view Collection(Kind kind) {
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

std::string Route::Name() const {
  switch (shape) {
    case Shape::kLogin:
      return "login";
    case Shape::kCollection:
      return std::string(Collection(kind));
    case Shape::kObject:
      return std::string(Collection(kind)) + "/{id}";
    case Shape::kUnknown:
    case Shape::kMalformed:
      break;
  }
  return "?";
}

Route ParseRoute(std::string_view target) {
  Route route;
  const std::size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (question != std::string_view::npos) route.query = target.substr(question + 1);
  if (!path.starts_with(kBasePath)) return route;
  path.remove_prefix(kBasePath.size());
  const std::size_t slash = path.find('/');
  const std::string_view head = path.substr(0, slash);
  if (slash == std::string_view::npos) {
    if (head == "login") {
      route.shape = Route::Shape::kLogin;
    } else if (const auto kind = CollectionNamed(head)) {
      route.kind = *kind;
      route.shape = Route::Shape::kCollection;
    }
    return route;
  }
  const auto kind = CollectionNamed(head);
  const std::string_view rest = path.substr(slash + 1);
  if (!kind || rest.empty() || rest.find('/') != std::string_view::npos) return route;
  route.kind = *kind;
  auto id = Unescape(rest, false);
  if (!id) {
    route.shape = Route::Shape::kMalformed;
    return route;
  }
  // Ids are digits and lower-case hexadecimal; all else cannot exist, however it was escaped.
  route.shape = Route::Shape::kObject;
  const bool plausible = id->size() <= kMaxId && id->find_first_not_of("0123456789abcdef") == std::string::npos;
  if (plausible) route.id = *std::move(id);
  return route;
}

std::variant<ListQuery, Refusal> ParseListQuery(std::string_view query, const std::vector<std::string_view>& fields,
                                                std::uint64_t max_page_length) {
  ListQuery list;
  std::vector<std::string> seen;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = parameter.find('=');
    const auto name = Unescape(parameter.substr(0, equals), true);
    const auto value =
        Unescape(equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1), true);
    if (!name || !value) return Refusal{Code::kBadRequest, "The query has a broken escape.", {}};
    if (std::find(seen.begin(), seen.end(), *name) != seen.end() || seen.size() == kMaxParameters) {
      return Refusal{Code::kBadRequest, "The parameter \"" + Shorten(*name, 60) + "\" is there more than once.", {}};
    }
    seen.push_back(*name);
    if (auto refusal = SetParameter(list, *name, *value, fields)) return *std::move(refusal);
  }
  if (list.search_by.empty() != list.search_string.empty()) {
    return Refusal{Code::kBadSearch, "search_by and search_string go together.", {}};
  }
  list.page_length = std::min(list.page_length, max_page_length);
  return list;
}

}  // namespace ucaas_sync::sandbox
