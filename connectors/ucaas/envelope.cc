#include "connectors/ucaas/envelope.h"

#include <algorithm>

#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

// Enough to understand an error; the sender decides how long its text is, we how much of it is kept.
constexpr std::size_t kMessageColumns = 400;
constexpr std::size_t kExcerptColumns = 160;

std::string FirstText(const JsonView& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const auto text = object.FindText(key);
    if (text && !Trim(*text).empty()) return std::string(Trim(*text));
  }
  return {};
}

std::string OneLine(std::string_view text, std::size_t columns) {
  std::string line;
  bool gap = false;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!is_space) {
      if (gap && !line.empty()) line += ' ';
      line += c;
      if (line.size() > columns * 4) break;
    }
    gap = is_space;
  }
  return Shorten(line, columns);
}

bool LooksLikeHtml(std::string_view body) {
  const std::string_view text = Trim(body.substr(0, 512));
  return text.starts_with('<');
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Envelope Envelope::Read(std::string_view body) {
  Envelope envelope;
  envelope.is_html_ = LooksLikeHtml(body);
  if (envelope.is_html_) return envelope;
  auto document = JsonDocument::Parse(body);
  if (!document || !document->root().IsObject()) return envelope;
  envelope.document_ = std::move(document);

  const JsonView root = envelope.document_->root();
  if (const auto result = root.FindText("result")) {
    if (std::string code = NormalCode(*result); !code.empty()) envelope.result_ = std::move(code);
  }
  envelope.error_code_ = FirstText(root, {"error_code"});
  envelope.request_id_ = OneLine(FirstText(root, {"request_id"}), kExcerptColumns);

  const std::string what = FirstText(root, {"msg", "error", "message"});
  const std::string sentence = FirstText(root, {"desc"});
  std::string message = what;
  if (!sentence.empty() && sentence != what) message += (message.empty() ? "" : ": ") + sentence;
  envelope.message_ = OneLine(message, kMessageColumns);
  return envelope;
}

std::optional<JsonView> Envelope::Payload(std::string_view name) const {
  if (!document_) return std::nullopt;
  const JsonView root = document_->root();
  if (const auto named = root.Find(name)) return named;
  const auto data = root.Find("data");
  if (!data) return std::nullopt;
  if (const auto inside = data->Find(name)) return inside;
  return data;
}

std::optional<JsonView> Envelope::Object(std::string_view name) const {
  auto payload = Payload(name);
  if (!payload) return std::nullopt;
  if (payload->IsArray() && payload->size() == 1) {
    const JsonView list = *payload;
    list.ForEach([&payload](const JsonView& element) { payload = element; });
  }
  if (!payload->IsObject()) return std::nullopt;
  return payload;
}

std::optional<JsonView> Envelope::List(std::string_view name) const {
  const auto payload = Payload(name);
  if (!payload) return std::nullopt;
  if (payload->IsArray() || payload->IsNull() || (payload->IsObject() && payload->size() == 0)) return payload;
  return std::nullopt;
}

std::optional<std::size_t> Envelope::PageLength() const {
  if (!document_) return std::nullopt;
  const auto search = document_->root().Find("search");
  if (!search) return std::nullopt;
  const auto text = search->FindText("page_length");
  if (!text) return std::nullopt;
  return ParseUnsigned(Trim(*text));
}

std::string NormalCode(std::string_view code) {
  const std::string_view text = Trim(code);
  std::string_view digits = text;
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    if (text.find_first_not_of('0', dot + 1) == std::string_view::npos) digits = text.substr(0, dot);
  }
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (!IsDigits(digits)) return std::string(text);
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : std::string(digits.substr(first));
}

std::string Excerpt(std::string_view body) {
  std::string text;
  bool in_markup = false;
  std::string_view hidden_until;  // inside <script>, <style>: up to this
  for (std::size_t i = 0; i < body.size() && text.size() < 4 * kExcerptColumns; ++i) {
    if (!hidden_until.empty()) {
      if (!body.substr(i).starts_with(hidden_until)) continue;
      hidden_until = {};
    }
    if (body[i] == '<') {
      in_markup = true;
      if (body.substr(i).starts_with("<script")) hidden_until = "</script";
      if (body.substr(i).starts_with("<style")) hidden_until = "</style";
      text += ' ';
    } else if (body[i] == '>' && in_markup) {
      in_markup = false;
    } else if (!in_markup) {
      text += body[i];
    }
  }
  return OneLine(text, kExcerptColumns);
}

}  // namespace ucaas_sync::ucaas
