#include "daemon/state/storage_error.h"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace ucaas_sync::state {
namespace {

std::string ErrnoText(int system_error) {
  return system_error == 0 ? std::string() : " (" + std::generic_category().message(system_error) + ")";
}

std::string_view FileRemedy(int system_error) {
  switch (system_error) {
    case ENOSPC:
    case EDQUOT:
      return "free space on that file system and run again";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n, LimitNOFILE= of a service) and run again";
    case EFBIG:
      return "raise the limit of a file's size (ulimit -f, LimitFSIZE= of a service) and run again";
    case EROFS:
      return "make that file system writable and run again";
    case EIO:
      return "check the disk (kernel log) and the file system, then run again";
    default:
      return "check the owner, mode and space of its directory, then run again";
  }
}

std::string Remedy(int code) {
  switch (code) {
    case SQLITE_FULL:
      return "the disk is full; free space on that file system and run again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "it may not be written; check the owner and mode of the file and of its directory, and that the file "
             "system is not mounted read-only";
    case SQLITE_CANTOPEN:
      return "it cannot be opened; check that the directory can be reached and written by this user, and that the "
             "limit of open files is not used up";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process kept writing to it; wait until that has ended and run again";
    case SQLITE_IOERR:
      return "reading or writing failed; check the disk (kernel log) and the file system, then run again";
    case SQLITE_NOMEM:
      return "there is not enough memory; free some and run again";
    default:
      return "this is unexpected; `sqlite3 FILE .schema` shows whether the file can still be read";
  }
}

}  // namespace

std::string_view MoveAwayAdvice() {
  return "put a copy that `ucaas-sync state backup` made in its place while nothing runs, or run `ucaas-sync state "
         "rebuild`, which moves it away and finds everybody at the target again without writing there";
}

StateFailure StorageFailure(const std::filesystem::path& path, std::string_view doing, const SQLite::Exception& error,
                            int system_error) {
  const int code = error.getErrorCode() & 0xff;
  const std::string where = "state " + path.string() + ": cannot " + std::string(doing);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    return Damaged(path, "cannot " + std::string(doing) + ": " + error.what());
  }
  // SQLite calls a disk that fills up while it grows a file an I/O error.
  const bool is_full = system_error == ENOSPC || system_error == EDQUOT;
  // A kernel that could not write a page back may have written others.
  const bool is_unsure = error.getExtendedErrorCode() == SQLITE_IOERR_FSYNC;
  const std::string text =
      where + ": " + error.what() + ErrnoText(system_error) + ": " +
      (is_unsure ? "whether this step was written is not known" : "nothing of this step was written") +
      ", what was recorded before is kept; " + Remedy(is_full ? SQLITE_FULL : code);
  return {code == SQLITE_BUSY || code == SQLITE_LOCKED ? ExitCode::kBusy : ExitCode::kError, text};
}

StateFailure FileFailure(const std::filesystem::path& path, std::string_view doing, int system_error) {
  return {ExitCode::kError, path.string() + ": cannot " + std::string(doing) + ": " +
                                std::generic_category().message(system_error) + "; " +
                                std::string(FileRemedy(system_error))};
}

DamagedState Damaged(const std::filesystem::path& path, std::string_view what) {
  return {"state " + path.string() + " is damaged: " + std::string(what) + "; nothing was written; " +
              std::string(MoveAwayAdvice()),
          what};
}

}  // namespace ucaas_sync::state
