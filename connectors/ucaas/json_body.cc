#include "connectors/ucaas/json_body.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <stdexcept>

namespace ucaas_sync::ucaas {

struct JsonBody::Impl {
  using Writer = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>,
                                   rapidjson::CrtAllocator, rapidjson::kWriteValidateEncodingFlag>;

  void Key(std::string_view key) { String(key); }
  void String(std::string_view text) {
    // An empty view may have no address, which the writer would not take.
    const char* data = text.empty() ? "" : text.data();
    if (!writer.String(data, static_cast<rapidjson::SizeType>(text.size()))) {
      throw std::invalid_argument("JSON body: text that is not UTF-8");
    }
  }

  rapidjson::StringBuffer buffer;
  Writer writer{buffer};
};

JsonBody::JsonBody() : impl_(std::make_unique<Impl>()) {
  impl_->writer.StartObject();
}

JsonBody::~JsonBody() = default;

void JsonBody::AddText(std::string_view key, std::string_view value) {
  impl_->Key(key);
  impl_->String(value);
}

void JsonBody::AddBoolean(std::string_view key, bool value) {
  impl_->Key(key);
  impl_->writer.Bool(value);
}

void JsonBody::AddList(std::string_view key, std::span<const std::string> values) {
  impl_->Key(key);
  impl_->writer.StartArray();
  for (const std::string& value : values) impl_->String(value);
  impl_->writer.EndArray();
}

std::string JsonBody::Take() {
  impl_->writer.EndObject();
  return {impl_->buffer.GetString(), impl_->buffer.GetSize()};
}

}  // namespace ucaas_sync::ucaas
