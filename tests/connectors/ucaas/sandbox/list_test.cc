// Lists: pages, search, order, and the refusal of whatever is none of these.
#include <doctest/doctest.h>

#include <set>

#include "tests/connectors/ucaas/sandbox/http.h"

namespace ucaas_sync::sandbox {
namespace {

void CreateUsers(Bench& bench, int count) {
  for (int i = 1; i <= count; ++i) {
    bench.Create("users", UserBody("u" + std::to_string(i) + "@example.com",
                                   "\"department\":\"Dep " + std::to_string(i % 3) + "\""));
  }
}

std::string Emails(const HttpAnswer& answer) {
  std::string out;
  for (int i = 0; answer.type_at("/users/" + std::to_string(i)) == "object"; ++i) {
    out += answer.at("/users/" + std::to_string(i) + "/email").substr(0, 3) + " ";
  }
  return out;
}

TEST_CASE("a list is ten a page by default, says how it was read, and ends with an empty page") {
  Bench bench;
  CreateUsers(bench, 12);
  const auto first = bench.http().Send("GET", "users");
  CHECK(first.result() == "1");
  CHECK(first.at("/search/page") == "1");
  CHECK(first.at("/search/page_length") == "10");
  CHECK(first.at("/search/order_qualify") == "asc");
  CHECK(first.at("/users/9/email") == "u10@example.com");
  CHECK(first.type_at("/users/10") == "none");
  CHECK(bench.http().Send("GET", "users?page=2").at("/users/1/email") == "u12@example.com");
  CHECK(bench.http().Send("GET", "users?page=3").at("/users") == "[]");
  CHECK(bench.http().Send("GET", "users?page=999999999").at("/users") == "[]");
}

TEST_CASE("more than a hundred a page is cut, and the reply says so") {
  Options options;
  options.max_page_length = 5;
  Bench bench(options);
  CreateUsers(bench, 7);
  const auto answer = bench.http().Send("GET", "users?page_length=1000");
  CHECK(answer.at("/search/page_length") == "5");
  CHECK(answer.type_at("/users/4") == "object");
  CHECK(answer.type_at("/users/5") == "none");
}

TEST_CASE("reading page after page shows everybody once, also when somebody goes in between") {
  Bench bench;
  CreateUsers(bench, 20);
  std::set<std::string> seen;
  for (int page = 1; page <= 7; ++page) {
    const auto answer = bench.http().Send("GET", "users?page_length=3&page=" + std::to_string(page));
    for (int i = 0; i < 3; ++i) {
      const std::string email = answer.at("/users/" + std::to_string(i) + "/email");
      if (email != "(none)") CHECK(seen.insert(email).second);
    }
  }
  CHECK(seen.size() == 20);

  // Pages are counted anew after a deletion: what was on page 2 moves up.
  CHECK(Emails(bench.http().Send("GET", "users?page_length=3&page=1")) == "u1@ u2@ u3@ ");
  CHECK(bench.http().Send("DELETE", "users/" + bench.http().Send("GET", "users").at("/users/0/user_id")).result() ==
        "1");
  CHECK(Emails(bench.http().Send("GET", "users?page_length=3&page=2")) == "u5@ u6@ u7@ ");
  // And another length, or a page that does not follow, is not taken for the next one.
  CHECK(Emails(bench.http().Send("GET", "users?page_length=3&page=1")) == "u2@ u3@ u4@ ");
  CHECK(Emails(bench.http().Send("GET", "users?page_length=2&page=2")) == "u4@ u5@ ");
  CHECK(Emails(bench.http().Send("GET", "users?page_length=3&page=3")) == "u8@ u9@ u10 ");
}

TEST_CASE("a search finds the text anywhere and in any case") {
  Bench bench;
  CreateUsers(bench, 12);
  CHECK(Emails(bench.http().Send("GET", "users?search_by=email&search_string=U1%40EXAMPLE")) == "u1@ ");
  CHECK(Emails(bench.http().Send("GET", "users?search_by=email&search_string=u1")) == "u1@ u10 u11 u12 ");
  CHECK(Emails(bench.http().Send("GET", "users?search_by=department&search_string=DEP+1&page_length=2")) == "u1@ u4@ ");
  CHECK(Emails(bench.http().Send("GET", "users?search_by=department&search_string=%25")).empty());
  CHECK(Emails(bench.http().Send("GET", "users?search_by=email&search_string=_")).empty());
  const std::string id = bench.http().Send("GET", "users").at("/users/2/user_id");
  CHECK(Emails(bench.http().Send("GET", "users?search_by=user_id&search_string=" + id)) == "u3@ ");
  CHECK(Emails(bench.http().Send("GET", "users?search_by=user_id&search_string=x")).empty());
}

TEST_CASE("a list can be ordered by several fields, up or down") {
  Bench bench;
  CreateUsers(bench, 5);
  CHECK(Emails(bench.http().Send("GET", "users?order_by=user_id&order_qualify=desc")) == "u5@ u4@ u3@ u2@ u1@ ");
  CHECK(Emails(bench.http().Send("GET", "users?order_by=department,email")) == "u3@ u1@ u4@ u2@ u5@ ");
  CHECK(bench.http().Send("GET", "users?order_by=department,email").at("/search/order_by") == "department,email");
}

TEST_CASE("each wrong parameter has its code") {
  Bench bench;
  const std::vector<std::pair<std::string, std::string>> cases{{"page=0", "1101"},
                                                               {"page=-1", "1101"},
                                                               {"page=x", "1101"},
                                                               {"page=", "1101"},
                                                               {"page=1.5", "1101"},
                                                               {"page=01", "1101"},
                                                               {"page=9999999999", "1101"},
                                                               {"page_length=0", "1102"},
                                                               {"page_length=all", "1102"},
                                                               {"search_by=email", "1103"},
                                                               {"search_string=a", "1103"},
                                                               {"search_by=password&search_string=a", "1103"},
                                                               {"order_by=shoe", "1104"},
                                                               {"order_by=", "1104"},
                                                               {"order_by=email,email", "1104"},
                                                               {"order_qualify=up", "1105"},
                                                               {"pages=1", "1002"},
                                                               {"page=1&page=2", "1002"},
                                                               {"page=%zz", "1002"},
                                                               {"order_by=email;DROP TABLE users", "1104"}};
  for (const auto& [query, code] : cases) {
    const auto& this_query = query;
    INFO(this_query);
    std::string escaped;
    for (const char c : query) escaped += c == ' ' ? std::string("%20") : std::string(1, c);
    const auto answer = bench.http().Send("GET", "users?" + escaped);
    CHECK(answer.status == 200);
    CHECK(answer.result() == code);
  }
  CHECK(bench.http().Send("POST", "users?page=1", UserBody("ada@example.com")).result() == "1002");
}

TEST_CASE("groups and contacts are listed under their own names") {
  Bench bench;
  const std::string group = bench.Create("groups", R"({"name":"Sales"})");
  bench.Create("contacts", R"({"name":"Ada","email":"ada@example.com","group_ids":[")" + group + "\"]}");
  CHECK(bench.http().Send("GET", "groups").at("/groups/0/group_id") == group);
  CHECK(bench.http().Send("GET", "contacts").at("/contacts/0/group_ids/0") == group);
  CHECK(bench.http().Send("GET", "groups?search_by=name&search_string=sal").at("/groups/0/name") == "Sales");
  CHECK(bench.http().Send("GET", "contacts?search_by=company&search_string=x").at("/contacts") == "[]");
}

}  // namespace
}  // namespace ucaas_sync::sandbox
