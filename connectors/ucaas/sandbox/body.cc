#include "connectors/ucaas/sandbox/body.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>

#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

// The API's bodies are flat objects of at most a dozen members with arrays of texts in them.
constexpr std::size_t kMaxDepth = 8;
constexpr rapidjson::SizeType kMaxMembers = 64;

/// How deep arrays and objects nest, brackets inside of texts not counted. Well-formedness is not judged here.
std::size_t Depth(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

/// The parser lets an escaped low surrogate pass, which yields text that is no UTF-8.
bool IsSound(const BodyValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return IsUtf8(*text);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    return std::all_of(texts->begin(), texts->end(), [](const std::string& text) { return IsUtf8(text); });
  }
  return true;
}

std::string TextOf(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

BodyValue Convert(const rapidjson::Value& value) {
  switch (value.GetType()) {
    case rapidjson::kStringType:
      return TextOf(value);
    case rapidjson::kTrueType:
      return true;
    case rapidjson::kFalseType:
      return false;
    case rapidjson::kNullType:
      return OtherValue{"null"};
    case rapidjson::kNumberType:
      return OtherValue{"a number"};
    case rapidjson::kObjectType:
      return OtherValue{"an object"};
    case rapidjson::kArrayType:
      break;
  }
  std::vector<std::string> texts;
  texts.reserve(value.Size());
  for (const auto& item : value.GetArray()) {
    if (!item.IsString()) return OtherValue{"an array with something that is no string"};
    texts.push_back(TextOf(item));
  }
  return texts;
}

}  // namespace

const BodyValue* Body::Find(std::string_view name) const {
  for (const auto& [member, value] : members) {
    if (member == name) return &value;
  }
  return nullptr;
}

std::variant<Body, Refusal> ParseBody(std::string_view text) {
  // The parser takes a NUL for the end of its input and skips a byte order mark; both are refused here.
  if (text.find('\0') != std::string_view::npos || text.starts_with("\xEF\xBB\xBF")) {
    return Refusal{Code::kBadRequest, "The body is not JSON: it contains a NUL or begins with a byte order mark.", {}};
  }
  if (Depth(text) > kMaxDepth) return Refusal{Code::kBadRequest, "The body nests too deeply.", {}};
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError()) {
    return Refusal{Code::kBadRequest,
                   std::string("The body is not JSON: ") + rapidjson::GetParseError_En(document.GetParseError()) +
                       " (byte " + std::to_string(document.GetErrorOffset()) + ")",
                   {}};
  }
  if (!document.IsObject()) return Refusal{Code::kBadRequest, "The body is not a JSON object.", {}};
  if (document.MemberCount() > kMaxMembers) return Refusal{Code::kBadRequest, "The body has too many members.", {}};
  Body body;
  body.members.reserve(document.MemberCount());
  // Not a range-for: RapidJSON's iterators compare ambiguously in C++20, which clang refuses.
  for (auto member = document.MemberBegin(); member < document.MemberEnd(); ++member) {
    std::string name = TextOf(member->name);
    BodyValue value = Convert(member->value);
    if (!IsUtf8(name) || !IsSound(value)) {
      return Refusal{Code::kBadRequest, "The body is not JSON: it contains half of a surrogate pair.", {}};
    }
    if (body.Find(name) != nullptr) {
      return Refusal{Code::kValidation, "\"" + Shorten(name, 60) + "\" is there more than once.", {}};
    }
    body.members.emplace_back(std::move(name), std::move(value));
  }
  return body;
}

}  // namespace ucaas_sync::sandbox
