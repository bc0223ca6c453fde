#include "tests/connectors/ucaas/sandbox/http.h"

#include <curl/curl.h>
#include <doctest/doctest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <stdexcept>

#include "daemon/model/base64.h"
#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* out) {
  const std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    auto& headers = *static_cast<std::map<std::string, std::string>*>(out);
    headers[AsciiLower(line.substr(0, colon))] = std::string(Trim(line.substr(colon + 1)));
  }
  return size * count;
}

void InitialiseCurlOnce() {
  static const CURLcode kDone = curl_global_init(CURL_GLOBAL_ALL);
  REQUIRE(kDone == CURLE_OK);
}

}  // namespace

std::string HttpAnswer::at(const std::string& pointer) const {
  rapidjson::Document document;
  document.Parse(body.c_str());
  const rapidjson::Value* value =
      document.HasParseError() ? nullptr : rapidjson::Pointer(pointer.c_str()).Get(document);
  if (value == nullptr) return "(none)";
  if (value->IsString()) return {value->GetString(), value->GetStringLength()};
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value->Accept(writer);
  return buffer.GetString();
}

std::string HttpAnswer::type_at(const std::string& pointer) const {
  rapidjson::Document document;
  document.Parse(body.c_str());
  const rapidjson::Value* value =
      document.HasParseError() ? nullptr : rapidjson::Pointer(pointer.c_str()).Get(document);
  if (value == nullptr) return "none";
  if (value->IsString()) return "string";
  if (value->IsNumber()) return "number";
  if (value->IsBool()) return "boolean";
  if (value->IsArray()) return "array";
  return value->IsObject() ? "object" : "null";
}

HttpClient::HttpClient(std::string base_url, std::string user, std::string key)
    : base_url_(std::move(base_url)), authorization_("Authorization: Basic " + EncodeBase64(user + ":" + key)) {
  InitialiseCurlOnce();
  handle_ = curl_easy_init();
}

HttpClient::~HttpClient() {
  curl_easy_cleanup(handle_);
}

HttpAnswer HttpClient::Send(const std::string& method, const std::string& path, const std::string& body,
                            const std::vector<std::string>& headers) {
  std::vector<std::string> all{authorization_, "Content-Type: application/json"};
  all.insert(all.end(), headers.begin(), headers.end());
  return SendBare(method, path, body, all);
}

HttpAnswer HttpClient::SendBare(const std::string& method, const std::string& path, const std::string& body,
                                const std::vector<std::string>& headers) {
  HttpAnswer answer;
  CURL* curl = handle_;
  curl_easy_reset(curl);
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  bool has_content_type = false;
  for (const std::string& header : headers) {
    list = curl_slist_append(list, header.c_str());
    has_content_type = has_content_type || header.starts_with("Content-Type");
  }
  if (!has_content_type) list = curl_slist_append(list, "Content-Type:");
  const std::string url =
      path.starts_with("/") ? base_url_.substr(0, base_url_.find("/ucaas")) + path : base_url_ + path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  if (!body.empty() || method == "POST" || method == "PATCH") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.headers);
  answer.error = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_slist_free_all(list);
  return answer;
}

Bench::Bench(Options options) : options_(std::move(options)) {
  if (options_.db.empty()) options_.db = directory_ / "sandbox.db";
  options_.access_id = "id";
  options_.access_key = "key";
  options_.clock = [this] { return Instant(Duration(now_.load())); };
  Restart();
}

void Bench::Restart() {
  http_.reset();
  sandbox_.reset();
  sandbox_ = std::make_unique<Sandbox>(options_);
  http_ = std::make_unique<HttpClient>(sandbox_->base_url(), "id", "key");
}

std::string Bench::Create(const std::string& collection, const std::string& body) {
  const HttpAnswer answer = http_->Send("POST", collection, body);
  INFO(answer.body);
  REQUIRE(answer.result() == "1");
  const std::string object = collection.substr(0, collection.size() - 1);
  return answer.at("/" + object + "/" + object + "_id");
}

std::string UserBody(const std::string& email, const std::string& more) {
  return R"({"user_type":"user","first_name":"Ada","last_name":"Lovelace","email":")" + email + "\"" +
         (more.empty() ? "" : "," + more) + "}";
}

}  // namespace ucaas_sync::sandbox
