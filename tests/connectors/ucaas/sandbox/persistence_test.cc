// The database file: what survives, who may share it, and many clients at once.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "daemon/model/problem.h"
#include "tests/connectors/ucaas/sandbox/http.h"

namespace ucaas_sync::sandbox {
namespace {

Options Plain(const std::filesystem::path& db) {
  Options options;
  options.db = db;
  options.access_id = "id";
  options.access_key = "key";
  return options;
}

TEST_CASE("everything is there again after a restart") {
  Bench bench;
  const std::string group = bench.Create("groups", R"({"name":"Sales"})");
  const std::string user = bench.Create("users", UserBody("ada@example.com", R"("send_welcome_mail":true)"));
  const std::string contact =
      bench.Create("contacts", R"({"name":"Ada","email":"ada@example.com","group_ids":[")" + group + "\"]}");
  bench.Restart();
  CHECK(bench.http().Send("GET", "users/" + user).at("/user/email") == "ada@example.com");
  CHECK(bench.http().Send("GET", "contacts/" + contact).at("/contact/group_ids/0") == group);
  CHECK(bench.sandbox().counters().welcome_mails == 1);
  CHECK(bench.http().Send("POST", "users", UserBody("ada@example.com")).result() == "1504");
}

TEST_CASE("the file can be read by its owner alone") {
  Bench bench;
  struct stat status {};
  REQUIRE(stat(bench.Database().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("two sandboxes of one process do not know each other") {
  Bench first;
  Bench second;
  first.Create("users", UserBody("ada@example.com"));
  CHECK(second.http().Send("GET", "users").at("/users") == "[]");
  const std::string group = first.Create("groups", R"({"name":"Sales"})");
  second.Create("groups", R"({"name":"Sales"})");
  CHECK(second.http().Send("GET", "groups/" + group).status == 404);
}

TEST_CASE("two sandboxes on one file see each other's writes and keep addresses unique") {
  testing::TemporaryFolder directory;
  const Options options = Plain(directory / "shared.db");
  const Sandbox one(options);
  const Sandbox two(options);
  HttpClient first(one.base_url(), "id", "key");
  HttpClient second(two.base_url(), "id", "key");
  for (int i = 0; i < 6; ++i) first.Send("POST", "users", UserBody("u" + std::to_string(i) + "@example.com"));
  CHECK(second.Send("POST", "users", UserBody("U0@example.com")).result() == "1504");
  CHECK(second.Send("GET", "users?page_length=2&page=1").at("/users/1/email") == "u1@example.com");
  CHECK(first.Send("DELETE", "users/" + first.Send("GET", "users").at("/users/0/user_id")).result() == "1");
  CHECK(second.Send("GET", "users?page_length=2&page=2").at("/users/0/email") == "u3@example.com");
}

TEST_CASE("a file that is something else is refused and left alone") {
  testing::TemporaryFolder directory;
  std::ofstream(directory / "text.db") << std::string(5000, 'x');
  CHECK_THROWS_WITH_AS(Sandbox{Plain(directory / "text.db")}, doctest::Contains("cannot be used"), Failure);
  CHECK(std::filesystem::file_size(directory / "text.db") == 5000);
  CHECK_THROWS_WITH_AS(Sandbox{Plain(directory / "none" / "x.db")}, doctest::Contains("cannot be opened"), Failure);
}

// The thread sanitizer cannot follow a child that starts threads of its own.
#ifndef UCAAS_SYNC_THREAD_SANITIZER
TEST_CASE("an answered write survives SIGKILL") {
  testing::TemporaryFolder directory;
  const Options options = Plain(directory / "killed.db");
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // Serves until it is killed.
    const Sandbox sandbox(options);
    const std::uint16_t port = sandbox.port();
    if (write(channel[1], &port, sizeof(port)) != sizeof(port)) _exit(1);
    while (true) pause();
  }
  std::uint16_t port = 0;
  REQUIRE(read(channel[0], &port, sizeof(port)) == sizeof(port));
  {
    HttpClient client("http://127.0.0.1:" + std::to_string(port) + "/ucaas/v1/", "id", "key");
    for (int i = 0; i < 50; ++i) {
      CHECK(client.Send("POST", "users", UserBody("u" + std::to_string(i) + "@example.com")).result() == "1");
    }
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(channel[0]);
  close(channel[1]);
  CHECK(Sandbox(options).Count(Kind::kUser) == 50);
}
#endif

TEST_CASE("many clients at once: every address is taken once, and every reply is whole") {
  Bench bench;
  constexpr int kThreads = 8;
  constexpr int kEach = 40;
  std::atomic<int> created{0};
  std::atomic<int> duplicates{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&bench, &created, &duplicates] {
      HttpClient client(bench.sandbox().base_url(), "id", "key");
      for (int i = 0; i < kEach; ++i) {
        const auto answer = client.Send("POST", "users", UserBody("u" + std::to_string(i) + "@example.com"));
        if (answer.result() == "1") ++created;
        if (answer.result() == "1504") ++duplicates;
      }
    });
  }
  // Looking in from other threads meanwhile is allowed.
  while (bench.sandbox().counters().requests < kThreads * kEach / 2) {
    bench.sandbox().SetFaults({});
    CHECK(bench.sandbox().Count(Kind::kUser) <= kEach);
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(created == kEach);
  CHECK(duplicates == kEach * (kThreads - 1));
  CHECK(bench.sandbox().counters().writes == kEach);
  CHECK(bench.sandbox().counters().requests == kThreads * kEach);
}

}  // namespace
}  // namespace ucaas_sync::sandbox
