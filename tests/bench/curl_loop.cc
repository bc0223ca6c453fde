// The yardstick for requests: what libcurl's multi interface gives when nothing but it is used. The same number of
// POSTs with bodies like ours, the same credentials and headers, the same concurrency, handles and connections kept; no
// journal, no order, no retry, and of a reply only its status is looked at.
//
//   bench_curl_loop URL REQUESTS CONCURRENCY
//
// Prints one line of JSON: requests, and the wall seconds of all of them.
#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/program.h"

namespace ucaas_sync::bench {
namespace {

struct Exchange {
  std::string body;
  std::string reply;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy{curl_easy_init(), &curl_easy_cleanup};
};

std::size_t Take(char* data, std::size_t size, std::size_t count, void* reply) {
  static_cast<std::string*>(reply)->append(data, size * count);
  return size * count;
}

std::string BodyOf(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return R"({"user_type":"moderator","first_name":"Oluwaseun","last_name":"Nakamura","email":"oluwaseun.)" + digits +
         R"(@example.com","status":"A","department":"Research and Development","designation":"Senior Engineer",)"
         R"("send_welcome_mail":false})";
}

void Check(CURLMcode code) {
  if (code != CURLM_OK) throw std::runtime_error(curl_multi_strerror(code));
}

void Load(Exchange& exchange, std::uint64_t number) {
  exchange.body = BodyOf(number);
  exchange.reply.clear();
  curl_easy_setopt(exchange.easy.get(), CURLOPT_POSTFIELDS, exchange.body.c_str());
  curl_easy_setopt(exchange.easy.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(exchange.body.size()));
}

void Prepare(Exchange& exchange, const std::string& url, curl_slist* headers) {
  CURL* easy = exchange.easy.get();
  if (easy == nullptr) throw std::bad_alloc();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange.reply);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &exchange);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

void CheckReply(const CURLMsg& message) {
  long status = 0;
  if (message.data.result != CURLE_OK) throw std::runtime_error(curl_easy_strerror(message.data.result));
  curl_easy_getinfo(message.easy_handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) throw std::runtime_error("the server answers " + std::to_string(status));
}

double Send(const std::string& url, std::uint64_t requests, std::size_t concurrency) {
  const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi(curl_multi_init(), &curl_multi_cleanup);
  curl_slist* list = nullptr;
  for (const char* header : {"Authorization: Basic YmVuY2g6YmVuY2g=", "Content-Type: application/json",
                             "Accept: application/json", "Expect:"}) {
    list = curl_slist_append(list, header);
  }
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, &curl_slist_free_all);
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(concurrency));
  std::vector<Exchange> exchanges(concurrency);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t sent = 0;
  std::uint64_t done = 0;
  for (Exchange& exchange : exchanges) {
    if (sent == requests) break;
    Prepare(exchange, url, headers.get());
    Load(exchange, ++sent);
    Check(curl_multi_add_handle(multi.get(), exchange.easy.get()));
  }
  while (done < requests) {
    int running = 0;
    Check(curl_multi_perform(multi.get(), &running));
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      CheckReply(*message);
      any = true;
      ++done;
      CURL* easy = message->easy_handle;
      Exchange* exchange = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
      Check(curl_multi_remove_handle(multi.get(), easy));
      if (sent == requests) continue;
      Load(*exchange, ++sent);
      Check(curl_multi_add_handle(multi.get(), easy));
    }
    if (!any) Check(curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr));
  }
  for (Exchange& exchange : exchanges) curl_multi_remove_handle(multi.get(), exchange.easy.get());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int Main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bench_curl_loop URL REQUESTS CONCURRENCY\n";
    return 64;
  }
  const std::uint64_t requests = std::stoull(argv[2]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const double wall = Send(argv[1], requests, std::stoul(argv[3]));
  curl_global_cleanup();
  std::cout << R"({"requests":)" << requests << R"(,"wall":)" << wall << "}\n";
  return 0;
}

}  // namespace
}  // namespace ucaas_sync::bench

int main(int argc, char** argv) {
  return ucaas_sync::bench::Guarded("bench_curl_loop", ucaas_sync::bench::Main, argc, argv);
}
