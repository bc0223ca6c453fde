// Starts a program for us: without a shell, in a session of its own, with three descriptors and no other, and with no
// signal blocked or ignored. Killed by the kernel should the thread that started it end before it (kill -9 of this
// program). Thread-safe.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ucaas_sync::bytes {

/// What becomes the program's standard streams; `input` -1: an empty one.
struct ChildStreams {
  int input = -1;
  int output = -1;
  int error = -1;
};

struct Started {
  pid_t process = -1;  ///< Also of its process group. -1: it could not be run.
  int error = 0;       ///< Then: why, as in errno.
};

/// Where the program `name` is: with a slash as it is, else the first of $PATH that may be run. Empty: there is none.
std::string FindProgram(const std::string& name);

/// `command` is not empty; its program is looked for by FindProgram. A file that the kernel cannot run is not given to
/// a shell. Throws std::system_error where the system has no process or descriptor left.
Started StartChild(std::vector<std::string> command, const ChildStreams& streams);

}  // namespace ucaas_sync::bytes
