// What the fuzz targets share: an assertion that no build switches off, and the input as text.
// Each target is one file with LLVMFuzzerTestOneInput, run by libFuzzer (clang) or over its corpus by replay.cc.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ucaas_sync::fuzz {

/// Ends the process when a promise is broken, so that the fuzzer keeps the input.
inline void Require(bool holds, const char* promise, std::string_view detail = {}) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n%s\n", promise, std::string(detail).c_str());
  std::abort();
}

inline std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The first byte of the input chooses options, the rest is the text.
struct Choices {
  std::uint8_t bits = 0;
  std::string text;

  Choices(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return;
    bits = data[0];
    text = AsText(data + 1, size - 1);
  }
  bool operator[](unsigned bit) const { return ((bits >> bit) & 1U) != 0; }
};

}  // namespace ucaas_sync::fuzz
