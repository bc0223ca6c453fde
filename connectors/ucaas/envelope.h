// What a reply's body says, whatever dress it comes in: the API's envelope (`result`, `msg`, `desc`, a payload under
// the name of the thing asked for), the platform's (`error_code`, `message`, `request_id`), or neither (HTML, nothing,
// cut off). Owns what it read; nothing here fails, a body that is no envelope is a value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/ucaas/json_view.h"

namespace ucaas_sync::ucaas {

class Envelope {
 public:
  static Envelope Read(std::string_view body);

  /// The body is a JSON object with `result` or `error_code`.
  bool is_envelope() const { return result_.has_value() || !error_code_.empty(); }
  /// The body is a web page: a gateway or proxy spoke, not the API.
  bool is_html() const { return is_html_; }
  /// `result` as NormalCode has it.
  const std::optional<std::string>& result() const { return result_; }
  const std::string& error_code() const { return error_code_; }
  /// "msg: desc" (or the platform's message) as one line fit for a log; empty when there is none.
  const std::string& message() const { return message_; }
  const std::string& request_id() const { return request_id_; }

  /// The one object asked for: under `name`, else `data`; out of an array of one.
  std::optional<JsonView> Object(std::string_view name) const;
  /// The list asked for, under `name`, else `data`: an array, or nothing when there is none (null and {} are what some
  /// servers write for an empty one, and are returned as they are: their ForEach visits nothing).
  std::optional<JsonView> List(std::string_view name) const;
  /// The page length that a list's `search` says it used.
  std::optional<std::size_t> PageLength() const;

 private:
  Envelope() = default;
  std::optional<JsonView> Payload(std::string_view name) const;

  std::optional<JsonDocument> document_;  // set only when the body is a JSON object
  std::optional<std::string> result_;
  std::string error_code_;
  std::string message_;
  std::string request_id_;
  bool is_html_ = false;
};

/// A code in the one form that is compared: trimmed, and 1, 1.0, +1 and 01 are "1". Words stay as they are.
std::string NormalCode(std::string_view code);

/// What a web server's reply without an envelope says, for people: its first text, without markup, in one short line.
std::string Excerpt(std::string_view body);

}  // namespace ucaas_sync::ucaas
