// SIGINT and SIGTERM as a question that the run asks between requests. The first asks to end well; a second one ends at
// once. The only static data of the program: a signal handler can reach nothing else.
#pragma once

namespace ucaas_sync::commands {

/// Catches SIGINT and SIGTERM from now on, and ignores SIGPIPE (a closed pipe is an error of the write).
void CatchStopSignals();
void IgnoreBrokenPipes();
bool StopRequested();

}  // namespace ucaas_sync::commands
