// Records to entities: the compiled rules of a configuration, fed with the snapshots of its sources, record by record.
//
// Usage: Compile once; for each run Begin, then for each source of ReadOrder(): read it into SinkFor() with the table
// of AttributesFor(), then EndSource(); at last End(). Entities go to the sink as soon as they are known. Ownership:
// the sink given to Begin() must live until End(). Single-threaded. What is wrong with one record reaches the sink as a
// quarantined entity or a reject; what is wrong with a source is in SourceCheck; nothing throws but bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "daemon/mapping/source_check.h"
#include "daemon/model/entity.h"
#include "daemon/model/record.h"
#include "daemon/model/source.h"
#include "daemon/model/time.h"
#include "daemon/model/trace.h"

namespace ucaas_sync::mapping {

class Mapper {
 public:
  /// Compiles every filter, template and preference; what is wrong with them goes to `diagnostics` at its own column.
  /// The mapper is fit for use only when they are ok. Keeps nothing of `config`.
  static Mapper Compile(const config::Config& config, config::Diagnostics& diagnostics);

  Mapper(Mapper&&) noexcept;
  Mapper& operator=(Mapper&&) noexcept;
  ~Mapper();

  struct Times {
    Date today;                      ///< The civil date at `now` in `timezone`.
    std::string timezone = "local";  ///< "local", "UTC" or a name of the tz database.
    Instant now;
  };
  /// A new run; forgets the one before. `trace`, when there is one, must live until End().
  void Begin(const Times& times, EntitySink& sink, Trace* trace = nullptr);

  /// Indexes of the sources that rules need, in the order in which they must be read: join partners first.
  std::vector<std::size_t> ReadOrder() const;
  /// The attributes that any rule needs of the source. Records sent to SinkFor() must use this table's slots.
  AttributeTable AttributesFor(std::size_t source) const;
  /// Where the source's records go. Valid until the mapper is moved or destroyed.
  RecordSink& SinkFor(std::size_t source);
  /// After the source's last record: emits what waited for it (`prefer`), and judges the whole. A source that is
  /// incomplete or has problems counts as unhealthy for those that join it: what it would have added is unknown.
  SourceCheck EndSource(std::size_t source, const Snapshot& snapshot);
  void End();

  /// The first instant, after Begin()'s now, at which a date clause would judge a record seen in this run otherwise;
  /// nothing when none will. Valid after the last EndSource().
  std::optional<Instant> due_at() const;

 private:
  class Impl;
  explicit Mapper(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::mapping
