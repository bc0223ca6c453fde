// Writes the JSON object that a request carries: text, booleans and lists of text, in the order given.
// Text must be UTF-8; anything else is a programmer's error (std::invalid_argument), for mapping lets none through.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ucaas_sync::ucaas {

class JsonBody {
 public:
  JsonBody();
  ~JsonBody();
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  void AddText(std::string_view key, std::string_view value);
  void AddBoolean(std::string_view key, bool value);
  void AddList(std::string_view key, std::span<const std::string> values);
  /// The whole object; the body must not be used afterwards.
  std::string Take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::ucaas
