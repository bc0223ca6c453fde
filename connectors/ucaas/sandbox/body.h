// A request's JSON body as plain values, so that nothing behind this file sees the parser. Whatever comes in, the
// outcome is a Body or a Refusal: text is validated, nesting is capped, a name that comes twice is refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/ucaas/sandbox/reply.h"

namespace ucaas_sync::sandbox {

/// A value of a type that no field of the API has (a number, null, an object, a mixed array).
struct OtherValue {
  std::string_view type;  ///< "a number", for the refusal's text.
};

using BodyValue = std::variant<std::string, bool, std::vector<std::string>, OtherValue>;

struct Body {
  std::vector<std::pair<std::string, BodyValue>> members;  ///< In the order of the text, each name once.

  const BodyValue* Find(std::string_view name) const;
};

/// 1002 for what is no JSON object in UTF-8, nests too deeply or has too many members, 406 for a name that comes twice.
std::variant<Body, Refusal> ParseBody(std::string_view text);

}  // namespace ucaas_sync::sandbox
