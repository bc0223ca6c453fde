// Reads one file again and again with one reader, and tells what that took: ours through the real FileStream, with
// hashing and validation as in the program, and the yardsticks libcsv, libldap's own LDIF reader, and a bare count of
// line ends. One process is one reader, so that its peak memory is its own.
//
//   bench_readers READER FILE REPEATS
//
// READER: csv, csv-some (8 of 20 columns kept), libcsv, ldif, ldif-some, libldap, lines. Prints one line of JSON:
// records, values, value_bytes and sum (a digest of the values that does not depend on their order, so that readers of
// one format can be held against each other), and for each repeat the seconds of CPU time and of wall time.
#include <csv.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <ldap.h>  // before ldif.h, which needs its types
#include <ldif.h>

#include "connectors/bytes/decoding_stream.h"
#include "connectors/bytes/file_stream.h"
#include "connectors/csv/csv_source.h"
#include "connectors/ldif/ldif_source.h"
#include "daemon/model/hash.h"
#include "tests/bench/program.h"

namespace ucaas_sync::bench {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20U;

/// What a reader found. Every reader looks at the first and the last byte of each value, so that none can leave one
/// out.
struct Found {
  std::uint64_t records = 0;
  std::uint64_t values = 0;  ///< Empty ones not counted: our CSV reader leaves them out.
  std::uint64_t value_bytes = 0;
  std::uint64_t sum = 0;
  friend bool operator==(const Found&, const Found&) = default;

  void Add(std::string_view value) {
    if (value.empty()) return;
    ++values;
    value_bytes += value.size();
    sum += static_cast<unsigned char>(value.front()) + 257U * static_cast<unsigned char>(value.back());
  }
};

class Counter : public RecordSink {
 public:
  bool OnRecord(const Record& record) override {
    ++found_.records;
    found_.Add(record.dn);
    for (const Record::Cell& cell : record.cells()) found_.Add(cell.value);
    return true;
  }
  void OnReject(const Reject& reject) override {
    throw std::runtime_error("line " + std::to_string(reject.line) + " was rejected: " + std::string(reject.reason));
  }
  const Found& found() const { return found_; }

 private:
  Found found_;
};

Found ReadWith(const std::function<std::unique_ptr<Source>(std::unique_ptr<ByteStream>)>& make, AttributeTable table,
               const std::string& path) {
  Counter counter;
  const Snapshot snapshot = make(std::make_unique<bytes::FileStream>(path))->Read(table, counter);
  if (snapshot.incomplete) throw std::runtime_error(snapshot.incomplete->ToString());
  return counter.found();
}

AttributeTable Some(std::initializer_list<std::string_view> names) {
  AttributeTable table = AttributeTable::Selected();
  for (const std::string_view name : names) table.Need(name);
  return table;
}

Found ReadCsv(const std::string& path, AttributeTable table) {
  return ReadWith(
      [](std::unique_ptr<ByteStream> stream) {
        return csv::MakeCsvSource("bench", std::move(stream),
                                  {.delimiter = {}, .encoding = "utf-8", .split = {}, .read_ahead = true});
      },
      std::move(table), path);
}

Found ReadLdif(const std::string& path, AttributeTable table) {
  return ReadWith(
      [](std::unique_ptr<ByteStream> stream) {
        return ldif::MakeLdifSource("bench", std::make_unique<bytes::DecodingStream>(std::move(stream), "utf-8"),
                                    {.read_ahead = true});
      },
      std::move(table), path);
}

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error(path + ": cannot be opened: " + std::strerror(errno));
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }
  std::string_view Next() {
    const ssize_t count = ::read(fd_, buffer_.data(), buffer_.size());
    if (count < 0) throw std::runtime_error(std::string("reading failed: ") + std::strerror(errno));
    return {buffer_.data(), static_cast<std::size_t>(count)};
  }

 private:
  int fd_;
  std::vector<char> buffer_ = std::vector<char>(kBlock);
};

struct LibcsvCount {
  Found found;
  std::uint64_t rows = 0;
};

Found ReadLibcsv(const std::string& path) {
  csv_parser parser{};
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::runtime_error("csv_init failed");
  LibcsvCount count;
  const auto on_field = [](void* text, std::size_t size, void* data) {
    auto* const to = static_cast<LibcsvCount*>(data);
    if (to->rows > 0) to->found.Add({static_cast<const char*>(text), size});
  };
  const auto on_row = [](int, void* data) { ++static_cast<LibcsvCount*>(data)->rows; };
  File file(path);
  for (std::string_view block = file.Next(); !block.empty(); block = file.Next()) {
    if (csv_parse(&parser, block.data(), block.size(), on_field, on_row, &count) != block.size())
      throw std::runtime_error(std::string("libcsv: ") + csv_strerror(csv_error(&parser)));
  }
  csv_fini(&parser, on_field, on_row, &count);
  csv_free(&parser);
  count.found.records = count.rows - 1;  // the heading
  return count.found;
}

std::string_view View(const berval& value) {
  return {value.bv_val, value.bv_len};
}

Found ReadLibldap(const std::string& path) {
  LDIFFP* const file = ldif_open(path.c_str(), "r");
  if (file == nullptr) throw std::runtime_error(path + ": ldif_open failed");
  Found found;
  char* buffer = nullptr;
  int capacity = 0;
  unsigned long line = 0;
  int status = 0;
  while ((status = ldif_read_record(file, &line, &buffer, &capacity)) == 1) {
    if (std::strncmp(buffer, "version:", 8) == 0) continue;
    berval text{std::strlen(buffer), buffer};
    LDIFRecord record{};
    constexpr unsigned int kEntriesAreAdds = 0x01;  // LDIF_DEFAULT_ADD
    if (ldap_parse_ldif_record(&text, line, &record, "bench", kEntriesAreAdds) != LDAP_SUCCESS)
      throw std::runtime_error("libldap rejected the entry that ends in line " + std::to_string(line));
    ++found.records;
    found.Add(View(record.lr_dn));
    for (LDAPMod** mod = record.lrop_mods; mod != nullptr && *mod != nullptr; ++mod) {
      for (berval** value = (*mod)->mod_bvalues; value != nullptr && *value != nullptr; ++value)
        found.Add(View(**value));
    }
    ldap_ldif_record_done(&record);
  }
  ber_memfree(buffer);
  ldif_close(file);
  if (status < 0) throw std::runtime_error("libldap stopped in line " + std::to_string(line));
  return found;
}

// The floor: every byte is read and looked at once, and nothing is understood.
Found CountLines(const std::string& path) {
  Found found;
  File file(path);
  for (std::string_view block = file.Next(); !block.empty(); block = file.Next()) {
    const char* at = block.data();
    const char* const end = at + block.size();
    while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) != nullptr) {
      ++found.records;
      if (++at == end) break;
    }
  }
  return found;
}

Found Read(std::string_view reader, const std::string& path) {
  if (reader == "csv") return ReadCsv(path, AttributeTable::Everything());
  if (reader == "csv-some") {
    return ReadCsv(
        path, Some({"employee_id", "first_name", "last_name", "email", "department", "title", "status", "start_date"}));
  }
  if (reader == "libcsv") return ReadLibcsv(path);
  if (reader == "ldif") return ReadLdif(path, AttributeTable::Everything());
  if (reader == "ldif-some") {
    return ReadLdif(path, Some({"employeeNumber", "givenName", "sn", "mail", "departmentNumber", "title"}));
  }
  if (reader == "libldap") return ReadLibldap(path);
  if (reader == "lines") return CountLines(path);
  throw std::invalid_argument("unknown reader " + std::string(reader));
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t PeakKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  throw std::runtime_error("/proc/self/status has no VmHWM");
}

std::string JsonList(const std::vector<double>& numbers) {
  std::string text = "[";
  for (const double number : numbers) text += (text.size() > 1 ? "," : "") + std::to_string(number);
  return text + ']';
}

int Main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: bench_readers READER FILE REPEATS\n";
    return 64;
  }
  const std::string path = argv[2];
  std::vector<double> cpu;
  std::vector<double> wall;
  const Found first = Read(argv[1], path);  // the warm-up
  for (int repeats = std::stoi(argv[3]); repeats > 0; --repeats) {
    const double cpu_before = CpuSeconds();
    const auto wall_before = std::chrono::steady_clock::now();
    if (Read(argv[1], path) != first) throw std::runtime_error("two reads of one file differ");
    cpu.push_back(CpuSeconds() - cpu_before);
    wall.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_before).count());
  }
  std::cout << R"({"records":)" << first.records << R"(,"values":)" << first.values << R"(,"value_bytes":)"
            << first.value_bytes << R"(,"sum":)" << first.sum << R"(,"cpu":)" << JsonList(cpu) << R"(,"wall":)"
            << JsonList(wall) << R"(,"peak_kib":)" << PeakKib() << "}\n";
  return 0;
}

}  // namespace
}  // namespace ucaas_sync::bench

int main(int argc, char** argv) {
  return ucaas_sync::bench::Guarded("bench_readers", ucaas_sync::bench::Main, argc, argv);
}
