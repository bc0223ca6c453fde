#include "daemon/apply/retry_after.h"

#include <doctest/doctest.h>

namespace ucaas_sync::apply {
namespace {

const Instant kNow = *ParseInstant("2026-11-23T09:00:00Z");

TEST_CASE("Retry-After is read as seconds and as an HTTP date, and nothing else") {
  CHECK(ParseRetryAfter("120", kNow) == Duration(120'000));
  CHECK(ParseRetryAfter(" 0 ", kNow) == Duration(0));
  CHECK(ParseRetryAfter("Mon, 23 Nov 2026 09:00:30 GMT", kNow) == Duration(30'000));
  CHECK(ParseRetryAfter("Mon, 23 Nov 2026 08:00:00 GMT", kNow) == Duration(0));
  for (const char* bad : {"", "soon", "-1", "1.5", "Mon, 23 Nov 2026 09:00:30 CET", "Mon, 23 Now 2026 09:00:30 GMT",
                          "Mon, 32 Nov 2026 09:00:30 GMT", "Mon 23 Nov 2026 09:00:30 GMT", "Monday, 23-Nov-26 GMT",
                          "Mon Now 23 09:00:30 2026"}) {
    CAPTURE(bad);
    CHECK(ParseRetryAfter(bad, kNow) == std::nullopt);
  }
}

TEST_CASE("the dates of old servers are read too") {
  CHECK(ParseRetryAfter("Monday, 23-Nov-26 09:00:30 GMT", kNow) == Duration(30'000));
  CHECK(ParseRetryAfter("Mon Nov 23 09:00:30 2026", kNow) == Duration(30'000));
  CHECK(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT") == ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"));
  CHECK(ParseHttpDate("Sun Nov  6 08:49:37 1994") == ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"));
}

TEST_CASE("a pause of days is not undercut, and one of ages is a very long one") {
  CHECK(ParseRetryAfter("604800", kNow) == Duration(std::chrono::hours(7 * 24)));
  for (const char* ages : {"99999999999", "99999999999999999999", "Mon, 23 Nov 9026 09:00:30 GMT"}) {
    CAPTURE(ages);
    CHECK(ParseRetryAfter(ages, kNow) == Duration(std::chrono::hours(24 * 3650)));
  }
}

}  // namespace
}  // namespace ucaas_sync::apply
