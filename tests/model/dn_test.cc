#include "daemon/model/dn.h"

#include <doctest/doctest.h>

#include <random>

namespace ucaas_sync {

TEST_CASE("one DN spelled in different ways has one normal form") {
  struct Case {
    const char* a;
    const char* b;
  };
  const Case cases[] = {
      {"CN=Ann Lee,DC=Example,DC=com", "cn=ann lee,dc=example,dc=com"},
      {"cn=a , dc=b", "cn=a,dc=b"},
      {"cn = a,  dc=b ", "cn=a,dc=b"},
      {"cn=Lee\\, Ann,dc=b", "cn=Lee\\2C Ann,dc=b"},
      {"cn=Lee\\, Ann,dc=b", "cn=\"Lee, Ann\",dc=b"},
      {"cn=J\xC3\xBCrgen,dc=b", "cn=J\\C3\\BCrgen,dc=b"},
      {"cn=J\xC3\x9CRGEN,dc=b", "cn=j\xC3\xBCrgen,dc=b"},
      {"cn=a+uid=1,dc=b", "uid=1+CN=A,dc=b"},
      {"cn=a  b,dc=c", "cn=a b,dc=c"},
      {"cn=\\ a\\ ,dc=b", "cn=a,dc=b"},
      {"2.5.4.3=a,0.9.2342.19200300.100.1.25=b", "commonName=a,domainComponent=b"},
      {"cn=\\#a,dc=b", "cn=\\23a,dc=b"},
      {"1.3.6.1=#04AF", "1.3.6.1=#04af"},
      {"cn=a\\3Db", "cn=a=b"},
      {"", " "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    REQUIRE(NormalizeDn(c.a));
    CHECK(NormalizeDn(c.a) == NormalizeDn(c.b));
  }
}

TEST_CASE("different DNs stay different") {
  struct Case {
    const char* a;
    const char* b;
  };
  const Case cases[] = {
      {"cn=a,dc=b", "cn=a\\,dc=b"}, {"cn=a+dc=b", "cn=a\\+dc=b"}, {"cn=a+dc=b", "cn=a,dc=b"},
      {"cn=a,dc=b", "dc=b,cn=a"},   {"cn=\\5C2C", "cn=\\2C"},     {"cn=#0401", "cn=\\#0401"},
      {"cn=ab", "cn=a b"},          {"cn=a,dc=", "cn=a"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    REQUIRE(NormalizeDn(c.a));
    REQUIRE(NormalizeDn(c.b));
    CHECK(NormalizeDn(c.a) != NormalizeDn(c.b));
  }
}

TEST_CASE("a normal form is itself a DN in normal form") {
  for (const char* dn : {"CN=Lee\\, Ann+uid=\\#7,OU=R\\+D,DC=x", "cn=\\\\,dc=\\5c", "cn=\"a;b<c>\",dc=x", "cn=#04AF"}) {
    CAPTURE(dn);
    const auto once = NormalizeDn(dn);
    REQUIRE(once);
    // What only quotes or escapes allow stands plainly in the normal form, which is for comparing.
    if (IsDn(*once)) CHECK(NormalizeDn(*once) == once);
  }
  CHECK(NormalizeDn("CN=Lee\\, Ann+uid=\\#7,OU=R\\+D,DC=x") == "cn=lee\\, ann+uid=\\#7,ou=r\\+d,dc=x");
}

TEST_CASE("what is no DN has no normal form") {
  for (const std::string text :
       {"nobody", "E17",     "=a",      "cn",    "cn=a,",  "cn=a,,dc=b", "cn=a+", "cn=a;dc=b", "cn=a<b", "cn=\"a",
        "cn=a\\", "cn=a\\z", "cn=a\\4", "cn=#0", "cn=#xy", "1.=a",       ".1=a",  "1..2=a",    "c n=a",  "cn=\"a\"b"}) {
    CAPTURE(text);
    CHECK(!NormalizeDn(text));
    CHECK(!IsDn(text));
    CHECK(!FirstOfType(text, "cn"));
  }
}

TEST_CASE("the quick look at a DN and its normal form agree on what is one") {
  static constexpr char kBytes[] = "ac=,,==+\\\\ #\"<;10.A-_\xC3\xBC";
  std::mt19937 random(11);
  int dns = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string text = random() % 2 == 0 ? "cn=" : "";
    for (std::size_t size = random() % 9; size != 0; --size) text += kBytes[random() % (sizeof(kBytes) - 1)];
    CAPTURE(text);
    REQUIRE(IsDn(text) == NormalizeDn(text).has_value());
    if (IsDn(text)) ++dns;
  }
  CHECK(dns > 10000);
}

TEST_CASE("the first value of a type is unescaped, its case kept") {
  CHECK(FirstOfType("OU=x,CN=Lee\\, Ann,cn=other", "cn") == "Lee, Ann");
  CHECK(FirstOfType("cn=a+uid=U7,dc=b", "UID") == "U7");
  CHECK(FirstOfType("commonName=J\\C3\\BCrgen,dc=b", "CN") == "J\xC3\xBCrgen");
  CHECK(FirstOfType("cn=", "cn") == "");
  CHECK(!FirstOfType("uid=a,dc=b", "cn"));
}

TEST_CASE("a value of a DN that is bytes and not text is none") {
  CHECK(!FirstOfType("cn=\\CFter,dc=b", "cn"));
  CHECK(!FirstOfType("cn=#0402CAFE,dc=b", "cn"));
  CHECK(FirstOfType("cn=\\CFter,uid=U7", "uid") == "U7");
}

}  // namespace ucaas_sync
