// Hands a notice to a program, such as [/usr/sbin/sendmail, ops@example.com]: it reads a message with a subject from
// its standard input. Run without a shell, for a limited time.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "connectors/notify/notice.h"

namespace ucaas_sync::notify {

/// "Subject: …", an empty line and the text; what a mail program reads, and a person too.
std::string MessageOf(const Notice& notice);

/// Why the program did not take it; nothing when it ended 0. Killed after `limit`, and once `stop` is true.
std::optional<std::string> HandTo(const std::vector<std::string>& command, const Notice& notice,
                                  std::chrono::milliseconds limit, const std::atomic<bool>& stop);

}  // namespace ucaas_sync::notify
