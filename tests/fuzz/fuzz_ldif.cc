// LDIF: what a file says does not depend on the blocks in which it comes; every record has a DN.
#include <memory>
#include <string>
#include <vector>

#include "daemon/model/dn.h"
#include "tests/connectors/ldif/memory_stream.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ucaas_sync::fuzz::Choices;
using ucaas_sync::fuzz::Require;
namespace ldif = ucaas_sync::ldif;

ldif::ReadResult ReadIn(const Choices& input, std::size_t block, std::vector<std::size_t> pieces) {
  ldif::Options options;
  options.final_newline_required = input[0];
  options.record_required = input[1];
  options.block_size = block;
  if (input[2]) {
    options.max_value = 100;
    options.max_record = 400;
  }
  auto table = ucaas_sync::AttributeTable::Everything();
  if (input[3]) {
    table = ucaas_sync::AttributeTable::Selected();
    for (const char* name : {"cn", "mail", "member", "member;range"}) table.Need(name);
  }
  ldif::ReadResult result =
      ldif::ReadLdif(std::make_unique<ldif::MemoryStream>(input.text, std::move(pieces)), options, std::move(table));
  Require(result.snapshot.records == result.records.size(), "the snapshot counts the records that came");
  Require(result.snapshot.rejected == result.rejects.size(), "the snapshot counts the rejects that came");
  return result;
}

void RequireSame(const ldif::ReadResult& a, const ldif::ReadResult& b) {
  Require(a.incomplete() == b.incomplete(), "blocks do not change what is wrong",
          a.incomplete() + '\n' + b.incomplete());
  Require(a.records == b.records, "blocks do not change the records");
  Require(a.rejects == b.rejects, "blocks do not change the rejects");
  Require(a.snapshot.hash == b.snapshot.hash, "blocks do not change the hash");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Choices input(data, size);
  const auto whole = ReadIn(input, std::size_t{1} << 16U, {});
  RequireSame(whole, ReadIn(input, 64, {1, 7, 64, 3}));
  RequireSame(whole, ReadIn(input, 97, {61}));
  std::uint64_t line = 0;
  for (const ldif::ReadRecord& record : whole.records) {
    Require(ucaas_sync::IsDn(record.dn), "a record has a DN", record.dn);
    Require(record.line > line, "records come in the order of the file");
    line = record.line;
  }
  return 0;
}
