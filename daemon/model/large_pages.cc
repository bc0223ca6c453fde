#include "daemon/model/large_pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace ucaas_sync {
namespace {

std::size_t InPages(std::size_t bytes) {
  return (bytes + kLargePage - 1) / kLargePage * kLargePage;
}

}  // namespace

void* TakeLargePages(std::size_t bytes) {
  const std::size_t size = InPages(bytes);
  void* const taken = ::mmap(nullptr, size + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (taken == MAP_FAILED) throw std::bad_alloc();
  // One page more than is needed, so that some place in it is the beginning of one; what stands out is given back.
  const std::size_t before = (kLargePage - reinterpret_cast<std::uintptr_t>(taken) % kLargePage) % kLargePage;
  char* const memory = static_cast<char*>(taken) + before;
  if (before != 0) static_cast<void>(::munmap(taken, before));
  static_cast<void>(::munmap(memory + size, kLargePage - before));
  // A wish: where there are none, small pages do.
  static_cast<void>(::madvise(memory, size, MADV_HUGEPAGE));
  return memory;
}

void GiveBackLargePages(void* memory, std::size_t bytes) {
  static_cast<void>(::munmap(memory, InPages(bytes)));
}

}  // namespace ucaas_sync
