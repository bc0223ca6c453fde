#include "daemon/model/time_window.h"

#include <doctest/doctest.h>

namespace ucaas_sync {
namespace {

using std::chrono::minutes;

constexpr std::array<bool, 7> kEveryDay{true, true, true, true, true, true, true};

}  // namespace

TEST_CASE("a window is a time or a span, on all days or on those before it") {
  CHECK(ParseTimeWindow("06:30") == TimeWindow{kEveryDay, minutes(390), minutes(390)});
  CHECK(ParseTimeWindow("06:30")->is_moment());
  CHECK(ParseTimeWindow("06:00-20:00") == TimeWindow{kEveryDay, minutes(360), minutes(1200)});
  CHECK(ParseTimeWindow("00:00-24:00") == TimeWindow{kEveryDay, minutes(0), minutes(1440)});
  CHECK(ParseTimeWindow("Mon-Fri 06:00-20:00") ==
        TimeWindow{{false, true, true, true, true, true, false}, minutes(360), minutes(1200)});
  CHECK(ParseTimeWindow("sat,SUN 22:00-04:00") ==
        TimeWindow{{true, false, false, false, false, false, true}, minutes(1320), minutes(240)});
  CHECK(ParseTimeWindow("Fri-Mon 12:00")->days == std::array<bool, 7>{true, true, false, false, false, true, true});
}

TEST_CASE("what is no window is refused, not guessed") {
  for (const char* text :
       {"", "6:30", "06:60", "24:00", "24:01-05:00", "06:00-", "-06:00", "06:00-06:00", "Mon", "Mon ", "Mo 06:00",
        "Mon- 06:00", ", 06:00", "Mon-Fri  06:00", "06:00-20:00 Mon", "always"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseTimeWindow(text));
  }
}

}  // namespace ucaas_sync
