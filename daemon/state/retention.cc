// SqliteStore's journal does not grow for ever: runs go when they are old, a bounded number of rows at a time.
#include <algorithm>

#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

constexpr std::int64_t kRunsLooked = 256;
// The guards look back a week; a day more for clocks that jump.
constexpr Duration kRemovalsKept = std::chrono::hours(8 * 24);

struct OldRun {
  std::int64_t id = 0;
  std::uint64_t planned = 0;
};

// What a plan asks of: whether a run ever finished, what the last plan still has to create, creates nobody answered.
constexpr const char* kSelectOldRuns =
    "SELECT id, planned FROM run WHERE ended IS NOT NULL AND ended < ?1 "
    "AND id <> coalesce((SELECT max(id) FROM run WHERE outcome IN ('converged', 'partial')), 0) "
    "AND id <> coalesce((SELECT max(id) FROM run WHERE planned > 0), 0) "
    "AND id <> (SELECT max(id) FROM run) "
    "AND NOT EXISTS (SELECT 1 FROM unknown_create WHERE operation >> 32 = run.id) "
    "AND id <= (SELECT max(id) FROM (SELECT id FROM run ORDER BY id LIMIT ?2)) ORDER BY id";

std::vector<OldRun> OldRuns(Connection& connection, Instant before) {
  std::vector<OldRun> runs;
  Query query = connection.Prepare(kSelectOldRuns);
  query.Time(before).Int(kRunsLooked);
  while (query.Next()) runs.push_back({.id = query.IntAt(0), .planned = query.As<std::uint64_t>(1)});
  return runs;
}

}  // namespace

void SqliteStore::RemoveOldRuns(Instant before, std::uint64_t budget) {
  Connection& connection = impl_->connection;
  const std::vector<OldRun> runs = connection.Guard("look for old runs", [&] { return OldRuns(connection, before); });
  if (runs.empty()) return;  // nearly always: no commit
  impl_->Write("remove old runs", [&] {
    for (const OldRun& run : runs) {
      if (budget == 0) break;
      // From the end, so that what is left of a large run is a shorter plan.
      const std::uint64_t gone = std::min(budget, run.planned);
      const std::int64_t first = OperationId(run.id, run.planned - gone + 1);
      const std::int64_t last = OperationId(run.id, run.planned);
      connection.Prepare("DELETE FROM outcome WHERE id BETWEEN ?1 AND ?2").Int(first).Int(last).Run();
      connection.Prepare("DELETE FROM operation WHERE id BETWEEN ?1 AND ?2").Int(first).Int(last).Run();
      budget -= gone;
      if (gone < run.planned) {
        connection.Prepare("UPDATE run SET planned = ?2, mark = min(mark, ?2) WHERE id = ?1")
            .Int(run.id)
            .Int(run.planned - gone)
            .Run();
        break;
      }
      connection.Prepare("DELETE FROM run_summary WHERE run = ?1").Int(run.id).Run();
      connection.Prepare("DELETE FROM approved_removal WHERE run = ?1").Int(run.id).Run();
      connection.Prepare("DELETE FROM run WHERE id = ?1").Int(run.id).Run();
    }
    connection.Prepare("DELETE FROM removal WHERE at < ?1").Time(before - kRemovalsKept).Run();
  });
}

}  // namespace ucaas_sync::state
