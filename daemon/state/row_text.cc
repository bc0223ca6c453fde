#include "daemon/state/row_text.h"

#include <cstdint>
#include <optional>

namespace ucaas_sync::state {
namespace {

void AppendString(std::string_view value, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xf];
    } else {
      out += c;
    }
  }
  out += '"';
}

void AppendSide(const Field& field, std::string& out) {
  switch (field.state) {
    case FieldState::kUnmapped:
    case FieldState::kUnknown:
      out += "null";
      return;
    case FieldState::kEmpty:
      out += "\"\"";
      return;
    case FieldState::kValue:
      AppendString(field.text, out);
      return;
  }
}

Field SideOf(std::optional<std::string> text) {
  if (!text) return {};
  return text->empty() ? Field::Empty() : Field::Value(std::move(*text));
}

// Reads the JSON that this file writes, and the same with white space and any escape, as a person's edit may leave it.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void Expect(char c) {
    if (!Take(c)) Fail(std::string("expected '") + c + "'");
  }

  bool Take(char c) {
    Skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string String() {
    Expect('"');
    std::string out;
    while (true) {
      const std::size_t stop = text_.find_first_of("\"\\", at_);
      if (stop == std::string_view::npos) Fail("a string without its end");
      out.append(text_, at_, stop - at_);
      at_ = stop + 1;
      if (text_[stop] == '"') return out;
      Escape(out);
    }
  }

  std::optional<std::string> StringOrNull() {
    Skip();
    if (text_.substr(at_, 4) != "null") return String();
    at_ += 4;
    return std::nullopt;
  }

  void End() {
    Skip();
    if (at_ != text_.size()) Fail("text after the end");
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw MalformedRow(what + " at byte " + std::to_string(at_) + " of " + std::string(text_.substr(0, 80)));
  }

  void Skip() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  void Escape(std::string& out) {
    if (at_ >= text_.size()) Fail("a string without its end");
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const char letter = text_[at_++];
    if (const std::size_t i = kLetters.find(letter); i != std::string_view::npos) {
      out += kMeant[i];
    } else if (letter == 'u') {
      CodePoint(out);
    } else {
      Fail("an unknown escape");
    }
  }

  void CodePoint(std::string& out) {
    std::uint32_t code = Hex4();
    if (code >= 0xd800 && code < 0xdc00) {
      if (text_.substr(at_, 2) != "\\u") Fail("half a surrogate pair");
      at_ += 2;
      const std::uint32_t low = Hex4();
      if (low < 0xdc00 || low > 0xdfff) Fail("half a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
      Fail("half a surrogate pair");
    }
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | (code >> 6));
      put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      put(0xe0 | (code >> 12));
      put(0x80 | ((code >> 6) & 0x3f));
      put(0x80 | (code & 0x3f));
    } else {
      put(0xf0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3f));
      put(0x80 | ((code >> 6) & 0x3f));
      put(0x80 | (code & 0x3f));
    }
  }

  std::uint32_t Hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : ' ';
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        code = code * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        code = code * 16 + static_cast<std::uint32_t>(c - 'A' + 10);
      } else {
        Fail("an escape that is not hexadecimal");
      }
    }
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

void EncodeFields(Kind kind, const FieldSet& fields, std::string& text) {
  const auto specs = FieldsOf(kind);
  text = "{";
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const Field& field = fields[i];
    if (specs[i].secret || specs[i].sent_once) continue;
    if (field.state != FieldState::kValue && field.state != FieldState::kEmpty) continue;
    if (text.size() > 1) text += ',';
    AppendString(specs[i].name, text);
    text += ':';
    AppendSide(field, text);
  }
  text += '}';
}

FieldSet DecodeFields(Kind kind, std::string_view text) {
  FieldSet fields;
  Cursor cursor(text);
  cursor.Expect('{');
  if (!cursor.Take('}')) {
    do {
      const std::string name = cursor.String();
      cursor.Expect(':');
      Field value = SideOf(cursor.StringOrNull());
      if (const auto id = FindField(kind, name)) fields[*id] = std::move(value);
    } while (cursor.Take(','));
    cursor.Expect('}');
  }
  cursor.End();
  return fields;
}

void EncodeChanges(Kind kind, const std::vector<FieldChange>& changes, std::string& text) {
  const auto specs = FieldsOf(kind);
  text = "{";
  for (const FieldChange& change : changes) {
    const FieldSpec& spec = specs[change.field];
    if (spec.secret) continue;
    if (text.size() > 1) text += ',';
    AppendString(spec.name, text);
    text += ":[";
    AppendSide(change.before, text);
    text += ',';
    AppendSide(change.after, text);
    text += ']';
  }
  text += '}';
}

std::vector<FieldChange> DecodeChanges(Kind kind, std::string_view text) {
  std::vector<FieldChange> changes;
  Cursor cursor(text);
  cursor.Expect('{');
  if (!cursor.Take('}')) {
    do {
      const std::string name = cursor.String();
      cursor.Expect(':');
      cursor.Expect('[');
      Field before = SideOf(cursor.StringOrNull());
      cursor.Expect(',');
      Field after = SideOf(cursor.StringOrNull());
      cursor.Expect(']');
      if (const auto id = FindField(kind, name)) changes.push_back({*id, std::move(before), std::move(after)});
    } while (cursor.Take(','));
    cursor.Expect('}');
  }
  cursor.End();
  return changes;
}

void EncodeKeys(const std::vector<std::string>& keys, std::string& text) {
  text = "[";
  for (const std::string& key : keys) {
    if (text.size() > 1) text += ',';
    AppendString(key, text);
  }
  text += ']';
}

std::vector<std::string> DecodeKeys(std::string_view text) {
  std::vector<std::string> keys;
  Cursor cursor(text);
  cursor.Expect('[');
  if (!cursor.Take(']')) {
    do {
      keys.push_back(cursor.String());
    } while (cursor.Take(','));
    cursor.Expect(']');
  }
  cursor.End();
  return keys;
}

}  // namespace ucaas_sync::state
