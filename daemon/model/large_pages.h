// Memory for tables that are large and read here and there: in pages of 2 MiB where the kernel grants them. With pages
// of 4 KiB a table of 100 MB costs a fault for each page and, at almost every look, a search for where the page lies.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <vector>

namespace ucaas_sync {

/// The standard's allocator, but for what fills a large page or more.
template <typename T>
class LargePages {
 public:
  using value_type = T;

  LargePages() = default;
  template <typename U>
  explicit LargePages(const LargePages<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kPage) return static_cast<T*>(::operator new(bytes));
    void* const memory = ::operator new(bytes, std::align_val_t(kPage));
    // A wish: where there are none, small pages do.
    static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kPage) {
      ::operator delete(memory);
    } else {
      ::operator delete(memory, std::align_val_t(kPage));
    }
  }
  friend bool operator==(const LargePages& /*left*/, const LargePages& /*right*/) { return true; }

 private:
  static constexpr std::size_t kPage = std::size_t{2} << 20U;
};

template <typename T>
using LargeVector = std::vector<T, LargePages<T>>;

}  // namespace ucaas_sync
