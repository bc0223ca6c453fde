#include "config/units.h"

#include <doctest/doctest.h>

#include "config/url.h"

namespace ucaas_sync::config {

TEST_CASE("a duration is a whole number with its unit, and nothing else") {
  CHECK(ParseDuration("500ms") == Duration(500));
  CHECK(ParseDuration("90s") == Duration(90'000));
  CHECK(ParseDuration("5m") == Duration(300'000));
  CHECK(ParseDuration("24h") == Duration(86'400'000));
  CHECK(ParseDuration("30d") == Duration(2'592'000'000));
  CHECK(ParseDuration("0s") == Duration(0));
  for (const char* bad : {"", "5", "m", "5 m", "5min", "-5m", "+5m", "1.5h", "1h30m", "05m", "0x5m", "5M", "36501d",
                          "99999999999999999999s", "5m "}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseDuration(bad));
  }
}

TEST_CASE("a rate is requests a second, a minute or an hour") {
  CHECK(ParseRate("20/s") == 20.0);
  CHECK(ParseRate("600/min") == 10.0);
  CHECK(ParseRate("0.5/s") == 0.5);
  CHECK(ParseRate("3600/h") == 1.0);
  for (const char* bad : {"20", "/s", "20/", "20 /s", "20/sec", "1e3/s", "inf/s", "nan/s", "-1/s", ".5/s", "5./s"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseRate(bad));
  }
}

TEST_CASE("a percentage has its sign and lies between 0 and 100") {
  CHECK(ParsePercent("5%") == 5.0);
  CHECK(ParsePercent("0.5%") == 0.5);
  CHECK(ParsePercent("100%") == 100.0);
  for (const char* bad : {"5", "%", "101%", "-1%", "5 %", "1e1%", "05%", "5%%"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParsePercent(bad));
  }
}

TEST_CASE("a size is in powers of 1024 and never overflows") {
  CHECK(ParseSize("64MiB") == 64ULL * 1024 * 1024);
  CHECK(ParseSize("1KiB") == 1024U);
  CHECK(ParseSize("17179869183GiB") == 17179869183ULL << 30);
  for (const char* bad : {"64", "64MB", "64 MiB", "17179869184GiB", "0x1KiB"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseSize(bad));
  }
}

TEST_CASE("a number is never octal, hexadecimal or rounded") {
  CHECK(ParseInteger("0") == 0U);
  CHECK(ParseInteger("123") == 123U);
  CHECK(ParseInteger("18446744073709551615") == 18446744073709551615ULL);
  for (const char* bad :
       {"0123", "08", "0x1F", "0o17", "1_000", "1,000", "1.0", "1e3", "-1", "+1", " 1", "", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseInteger(bad));
  }
}

TEST_CASE("an address is taken apart, or is none") {
  const auto url = ParseUrl("HTTPS://user:pw@Api.Example.com:8443/v1/?x");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "api.example.com");
  CHECK(url->port == "8443");
  CHECK(url->has_user);
  CHECK(url->has_query);
  CHECK(ParseUrl("http://[::1]:80/")->host == "::1");
  for (const char* bad : {"", "example.com", "https://", "https:///x", "://x", "https://a b/", "https://x:0/",
                          "https://x:99999/", "https://[::g]/", "https://x:80:90/", "ht tp://x"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseUrl(bad));
  }
}

TEST_CASE("only this machine is loopback, not a name that looks like it") {
  CHECK(IsLoopback("127.0.0.1"));
  CHECK(IsLoopback("127.8.8.8"));
  CHECK(IsLoopback("::1"));
  CHECK(IsLoopback("localhost"));
  CHECK_FALSE(IsLoopback("127.example.com"));
  CHECK_FALSE(IsLoopback("localhost.example.com"));
  CHECK_FALSE(IsLoopback("10.0.0.1"));
}

}  // namespace ucaas_sync::config
