// Replies: any body can be read; JSON that is accepted says the same when it is written and read again; what goes into
// a log is one short line.
#include <cstdlib>
#include <string>
#include <string_view>

#include "connectors/ucaas/envelope.h"
#include "connectors/ucaas/json_view.h"
#include "daemon/model/json_text.h"
#include "daemon/model/text.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ucaas_sync::fuzz::Require;
namespace ucaas = ucaas_sync::ucaas;

void RequireOneLine(const std::string& text) {
  Require(text.size() < 1'000, "a message is short", text);
  Require(ucaas_sync::Printable(text) == text, "a message is one line that steers no terminal", text);
}

/// The values, in order, as text; members' names are not to be had from a view, so objects are asked for the API's.
void Walk(const ucaas::JsonView& view, std::string& out) {
  if (view.IsArray()) {
    out += '[' + std::to_string(view.size());
    std::size_t count = 0;
    view.ForEach([&](const ucaas::JsonView& child) {
      Walk(child, out);
      ++count;
    });
    Require(count == view.size(), "an array has as many elements as it says");
    out += ']';
  } else if (view.IsObject()) {
    out += '{' + std::to_string(view.size());
    for (const char* name : {"result", "msg", "data", "users", "user_id", "email", ""}) {
      if (const auto member = view.Find(name)) {
        out += name;
        Walk(*member, out);
      }
    }
    out += '}';
  } else if (const auto text = view.Text()) {
    Require(ucaas_sync::IsUtf8(*text), "text is UTF-8");
    ucaas_sync::AppendJsonString(out, *text);
  } else {
    Require(view.IsNull(), "what is no text, list or object is null");
    out += '0';
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = ucaas_sync::fuzz::AsText(data, size);
  const auto envelope = ucaas::Envelope::Read(body);
  RequireOneLine(envelope.message());
  RequireOneLine(ucaas::Excerpt(body));
  if (envelope.result()) {
    const std::string& result = *envelope.result();
    Require(!result.empty(), "a result is a word");
    Require(ucaas::NormalCode(result) == result, "a code has one normal form", result);
  }
  for (const char* name : {"user", "contact", "contact_group"}) {
    if (const auto object = envelope.Object(name)) Require(object->IsObject(), "an object is one");
    if (const auto list = envelope.List(name)) {
      std::size_t count = 0;
      list->ForEach([&count](const ucaas::JsonView&) { ++count; });
      Require(!list->IsArray() || count == list->size(), "a list has as many elements as it says");
    }
  }
  const auto document = ucaas::JsonDocument::Parse(body);
  if (!document) return 0;
  std::string tree;
  Walk(document->root(), tree);
  // White space around a document, and a document in a list, change nothing.
  const auto nested =
      ucaas::JsonDocument::Parse(body.starts_with("\xEF\xBB\xBF") ? std::string(body) : "[" + std::string(body) + " ]");
  if (nested && nested->root().IsArray() && !body.starts_with("\xEF\xBB\xBF")) {
    std::string inner;
    nested->root().ForEach([&inner](const ucaas::JsonView& child) { Walk(child, inner); });
    Require(inner == tree, "a document in a list says the same", inner + '\n' + tree);
  }
  Require(!ucaas::JsonDocument::Parse(std::string(body) + "]"), "a document with more behind it is none");
  return 0;
}
