#include "connectors/ucaas/sandbox/reply.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace ucaas_sync::sandbox {
namespace {

std::string_view Message(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kHeader:
      return "Bad Request";
    case Code::kCredentials:
      return "Unauthorized";
    case Code::kTokenExpired:
      return "Forbidden";
    case Code::kNotFound:
      return "Not Found";
    case Code::kMethod:
      return "Method Not Allowed";
    case Code::kValidation:
      return "Validation Failed";
    case Code::kTooLarge:
      return "Payload Too Large";
    case Code::kTooMany:
      return "Too Many Requests";
    case Code::kInternal:
      return "Internal Server Error";
    case Code::kBadToken:
      return "Invalid Token";
    case Code::kBadRequest:
      return "Invalid Request";
    case Code::kBadPage:
      return "Invalid page";
    case Code::kBadPageLength:
      return "Invalid page_length";
    case Code::kBadSearch:
      return "Invalid search";
    case Code::kBadOrderBy:
      return "Invalid order_by";
    case Code::kBadOrderQualify:
      return "Invalid order_qualify";
    case Code::kDuplicate:
      return "Duplicate Data";
  }
  return "Error";
}

int HttpStatus(Code code, StatusStyle style) {
  const bool by_code = style == StatusStyle::kByCode;
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kHeader:
    case Code::kCredentials:
    case Code::kTokenExpired:
    case Code::kNotFound:
    case Code::kMethod:
    case Code::kTooLarge:
    case Code::kTooMany:
    case Code::kInternal:
      return static_cast<int>(code);
    case Code::kBadToken:
      return 401;
    case Code::kValidation:
      return by_code ? 406 : 200;
    case Code::kDuplicate:
      return by_code ? 409 : 200;
    case Code::kBadRequest:
    case Code::kBadPage:
    case Code::kBadPageLength:
    case Code::kBadSearch:
    case Code::kBadOrderBy:
    case Code::kBadOrderQualify:
      return by_code ? 400 : 200;
  }
  return 500;
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void Put(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

std::string Envelope(int result, std::string_view msg, const std::string& desc,
                     const std::pair<std::string, std::string>& data) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  Put(writer, "result");
  writer.Int(result);
  Put(writer, "msg");
  Put(writer, msg);
  Put(writer, "desc");
  Put(writer, desc);
  if (!data.first.empty()) {
    Put(writer, "data");
    writer.StartObject();
    Put(writer, data.first);
    Put(writer, data.second);
    writer.EndObject();
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

Reply Refuse(const Refusal& refusal, StatusStyle style) {
  Reply reply;
  reply.status = HttpStatus(refusal.code, style);
  reply.body = Envelope(static_cast<int>(refusal.code), Message(refusal.code), refusal.desc, refusal.data);
  if (reply.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"ucaas\"");
  return reply;
}

std::string FaultEnvelope(int status) {
  return Envelope(status == 200 ? 0 : status, "Fault", "The sandbox was asked to answer so.", {});
}

}  // namespace ucaas_sync::sandbox
