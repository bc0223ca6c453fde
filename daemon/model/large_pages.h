// Memory for tables that are large and read here and there: in pages of 2 MiB where the kernel grants them. With pages
// of 4 KiB a table of 100 MB costs a fault for each page and, at almost every look, a search for where the page lies.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace ucaas_sync {

inline constexpr std::size_t kLargePage = std::size_t{2} << 20U;

/// Memory of its own for `bytes`, which begins at a large page. Throws std::bad_alloc.
void* TakeLargePages(std::size_t bytes);
/// At once: the standard's allocator keeps what was freed below something else.
void GiveBackLargePages(void* memory, std::size_t bytes);

/// The standard's allocator, but for what fills a large page or more.
template <typename T>
class LargePages {
 public:
  using value_type = T;

  LargePages() = default;
  template <typename U>
  LargePages(const LargePages<U>& /*other*/) {}  // NOLINT(google-explicit-constructor): as the standard asks

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    return static_cast<T*>(bytes < kLargePage ? ::operator new(bytes) : TakeLargePages(bytes));
  }
  void deallocate(T* memory, std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kLargePage) {
      ::operator delete(memory);
    } else {
      GiveBackLargePages(memory, bytes);
    }
  }
  friend bool operator==(const LargePages& /*left*/, const LargePages& /*right*/) { return true; }
};

template <typename T>
using LargeVector = std::vector<T, LargePages<T>>;

}  // namespace ucaas_sync
