#include "config/diagnostics.h"

#include <doctest/doctest.h>

namespace ucaas_sync::config {

TEST_CASE("a place inside a value counts characters, not bytes") {
  const Text text{"(ou=Zürich)(x", {"c.yaml", 3, 10}, true};
  CHECK(text.At(0) == Location{"c.yaml", 3, 10});
  CHECK(text.At(7) == Location{"c.yaml", 3, 16});
  CHECK(text.At(12) == Location{"c.yaml", 3, 21});
  CHECK(text.At(999) == Location{"c.yaml", 3, 23});
}

TEST_CASE("a value whose columns are not known is reported at its begin") {
  const Text text{"(a=b)(", {"c.yaml", 3, 10}, false};
  CHECK(text.At(5) == Location{"c.yaml", 3, 10});
}

TEST_CASE("a default has no place, whatever the offset") {
  const Text text{"abc", {}, true};
  CHECK(text.At(2) == Location{});
}

TEST_CASE("errors come by place, those of one place as they were found") {
  Diagnostics diagnostics;
  diagnostics.Error(Location{"c", 9, 1}, "last");
  diagnostics.Error(Location{"c", 2, 5}, "second");
  diagnostics.Error(Location{"c", 2, 5}, "third", "mend it");
  diagnostics.Error(Location{"c", 1, 7}, "first");
  const auto errors = diagnostics.errors();
  REQUIRE(errors.size() == 4);
  CHECK(errors[0].ToString() == "c:1:7: first");
  CHECK(errors[1].ToString() == "c:2:5: second");
  CHECK(errors[2].ToString() == "c:2:5: third; mend it");
  CHECK(errors[3].ToString() == "c:9:1: last");
}

TEST_CASE("errors end the command as one message with every line and exit 78, warnings do not") {
  Diagnostics diagnostics;
  diagnostics.Warning(Location{"c", 1, 1}, "odd");
  CHECK(diagnostics.ok());
  CHECK_NOTHROW(diagnostics.ThrowIfErrors());
  diagnostics.Error(Location{"c", 2, 1}, "two");
  diagnostics.Error(Location{"c", 1, 1}, "one");
  try {
    diagnostics.ThrowIfErrors();
    FAIL("nothing was thrown");
  } catch (const Failure& failure) {
    CHECK(failure.code() == ExitCode::kConfig);
    CHECK(std::string(failure.what()) ==
          "c:1:1: one\nc:2:1: two\n2 problems in the configuration; nothing was read or written");
  }
}

}  // namespace ucaas_sync::config
