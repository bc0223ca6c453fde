#include "connectors/bytes/read_ahead.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "connectors/bytes/hashing_stream.h"
#include "connectors/bytes/source_problem.h"
#include "tests/connectors/bytes/memory_stream.h"

namespace ucaas_sync::bytes {
namespace {

using tests::MemoryStream;

constexpr ReadAheadStream::Extent kSmall{.block_bytes = 16, .blocks = 3, .direct_bytes = 40};

std::string SomeText(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>('a' + i * i % 23);
  return text;
}

std::string ReadAll(ByteStream& stream, std::size_t most) {
  std::string text;
  std::vector<char> buffer(most);
  for (std::size_t count = stream.Read(buffer); count > 0; count = stream.Read(buffer)) {
    text.append(buffer.data(), count);
  }
  return text;
}

/// Says which thread read what, and throws when `fails_at` bytes were read.
struct Watched : MemoryStream {
  struct Log {
    std::atomic<std::size_t> bytes = 0;
    std::atomic<std::size_t> bytes_elsewhere = 0;  // by another thread than the one that made the log
    std::atomic<bool> is_gone = false;
    std::thread::id home = std::this_thread::get_id();
  };

  Watched(std::string text, Log& log, std::size_t fails_at = SIZE_MAX)
      : MemoryStream(std::move(text)), log_(log), fails_at_(fails_at) {}
  ~Watched() override { log_.is_gone = true; }

  std::size_t Read(std::span<char> buffer) override {
    if (log_.bytes >= fails_at_) throw SourceFailure(ProblemAt("people.csv", 0, 0, "the disk is gone", "mend it"));
    const std::size_t count = MemoryStream::Read(buffer);
    log_.bytes += count;
    if (std::this_thread::get_id() != log_.home) log_.bytes_elsewhere += count;
    return count;
  }

 private:
  Log& log_;
  std::size_t fails_at_;
};

}  // namespace

TEST_CASE("read ahead, a stream gives the same bytes, whatever the sizes of blocks and of reads") {
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    const std::string text = SomeText(random() % 400);
    const ReadAheadStream::Extent extent{
        .block_bytes = 1 + random() % 40, .blocks = 1 + random() % 4, .direct_bytes = random() % 120};
    ReadAheadStream stream(
        std::make_unique<MemoryStream>(text, std::vector<std::size_t>{1 + random() % 9, 1 + random() % 30}), extent);
    CHECK(ReadAll(stream, 1 + random() % 50) == text);
    std::vector<char> buffer(8);
    CHECK(stream.Read(buffer) == 0);
  }
}

TEST_CASE("a short stream is read by whoever asks, and the rest of a long one by another thread") {
  Watched::Log log;
  ReadAheadStream short_one(std::make_unique<Watched>(SomeText(39), log), kSmall);
  CHECK(ReadAll(short_one, 16).size() == 39);
  CHECK(log.bytes_elsewhere == 0);

  Watched::Log long_log;
  ReadAheadStream long_one(std::make_unique<Watched>(SomeText(1000), long_log), kSmall);
  CHECK(ReadAll(long_one, 16).size() == 1000);
  CHECK(long_log.bytes_elsewhere == 1000 - 48);
}

TEST_CASE("no more than its blocks are read ahead of who reads") {
  Watched::Log log;
  ReadAheadStream stream(std::make_unique<Watched>(SomeText(1000), log), kSmall);
  std::vector<char> buffer(16);
  std::size_t used = 0;
  while (const std::size_t count = stream.Read(buffer)) {
    used += count;
    // One block is in the reader's hands.
    CHECK(log.bytes <= used + kSmall.blocks * kSmall.block_bytes);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  CHECK(used == 1000);
}

TEST_CASE("what the stream below throws comes behind the bytes that were read before it") {
  Watched::Log log;
  ReadAheadStream stream(std::make_unique<Watched>(SomeText(1000), log, 160), kSmall);
  std::string text;
  std::vector<char> buffer(16);
  std::string problem;
  try {
    for (std::size_t count = stream.Read(buffer); count > 0; count = stream.Read(buffer)) {
      text.append(buffer.data(), count);
    }
  } catch (const SourceFailure& failure) {
    problem = failure.what();
  }
  CHECK(text == SomeText(1000).substr(0, 160));
  CHECK(problem.find("the disk is gone") != std::string::npos);
  CHECK(stream.Read(buffer) == 0);
}

TEST_CASE("a reader that stops in the midst of a stream leaves no thread behind") {
  for (int reads = 0; reads < 12; ++reads) {
    Watched::Log log;
    {
      ReadAheadStream stream(std::make_unique<Watched>(SomeText(100'000), log), kSmall);
      std::vector<char> buffer(16);
      for (int i = 0; i < reads; ++i) stream.Read(buffer);
    }
    CHECK(log.is_gone);
  }
}

TEST_CASE("a hash that is made ahead is that of all bytes, and the verdict of the stream stays what it is") {
  const std::string text = SomeText(std::size_t{9} << 20U);
  Sha256 hash;
  const auto stream = Hashed(std::make_unique<MemoryStream>(text, std::vector<std::size_t>{},
                                                            ProblemAt("people.csv", 0, 0, "it changed", "wait")),
                             hash, true);
  CHECK(ReadAll(*stream, std::size_t{1} << 20U) == text);
  CHECK(hash.Hex() == Sha256Hex(text));
  REQUIRE(stream->Finish());
  CHECK(stream->Finish()->what == "it changed");
}

}  // namespace ucaas_sync::bytes
