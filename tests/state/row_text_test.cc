#include "daemon/state/row_text.h"

#include <doctest/doctest.h>

namespace ucaas_sync::state {

TEST_CASE("fields are written as JSON that a person can read") {
  FieldSet fields;
  fields[kUserEmail] = Field::Value("ada@example.com");
  fields[kUserDepartment] = Field::Empty();
  fields[kUserFirstName] = Field::Value("A\"d\\a\x01\n");
  fields[kUserPassword] = Field::Value("secret");
  fields[kUserLastName] = {FieldState::kUnknown, ""};
  std::string text;
  EncodeFields(Kind::kUser, fields, text);
  CHECK(text == R"({"first_name":"A\"d\\a\u0001\u000a","email":"ada@example.com","department":""})");
  const FieldSet read = DecodeFields(Kind::kUser, text);
  CHECK(read[kUserFirstName] == fields[kUserFirstName]);
  CHECK(read[kUserDepartment] == Field::Empty());
  CHECK(read[kUserPassword].state == FieldState::kUnmapped);
  CHECK(read[kUserLastName].state == FieldState::kUnmapped);
}

TEST_CASE("a text that a person edited is read with any escape and white space") {
  const FieldSet read = DecodeFields(Kind::kUser, "{ \"email\" : \"\\u00e4\\ud83d\\ude00\\/\\t\" , \"newer\":\"x\" }");
  CHECK(read[kUserEmail] == Field::Value("\xC3\xA4\xF0\x9F\x98\x80/\t"));
}

TEST_CASE("a text that is none of ours is refused with the place") {
  for (const char* text : {"", "{", "{\"email\"", "{\"email\":1}", "{\"email\":\"a}", "{\"email\":\"\\x\"}", "{} x",
                           "{\"email\":\"\\ud83d\"}", "{\"email\":\"\\udc00\"}", "{\"email\":\"\\u12g4\"}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(DecodeFields(Kind::kUser, text), MalformedRow);
  }
  CHECK_THROWS_AS(DecodeChanges(Kind::kUser, "{\"email\":[\"a\"]}"), MalformedRow);
  CHECK_THROWS_AS(DecodeKeys("[\"a\""), MalformedRow);
}

TEST_CASE("lists of keys come back as they were, empty ones too") {
  std::string text;
  for (const std::vector<std::string>& keys :
       {std::vector<std::string>{}, {""}, {"a", "b,c", "\"[]\\"}, {std::string("nul\0nul", 7)}}) {
    EncodeKeys(keys, text);
    CHECK(DecodeKeys(text) == keys);
  }
}

}  // namespace ucaas_sync::state
