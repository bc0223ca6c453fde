// What the programs of the benchmarks share: an exception is told on stderr, under the program's name, and ends it
// with 1.
#pragma once

#include <exception>
#include <iostream>

namespace ucaas_sync::bench {

template <typename Main>
int Guarded(const char* name, Main main, int argc, char** argv) {
  try {
    return main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace ucaas_sync::bench
