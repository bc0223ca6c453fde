#include "connectors/notify/mail.h"

#include <array>
#include <exception>

#include "connectors/bytes/command_stream.h"
#include "daemon/model/text.h"

namespace ucaas_sync::notify {
namespace {

// A service that stops has no more than ten seconds for everything.
constexpr std::chrono::milliseconds kGrace{500};

}  // namespace

std::string MessageOf(const Notice& notice) {
  // Printable: a line break in the subject would begin another header.
  return "Subject: " + Printable(notice.subject) + "\nContent-Type: text/plain; charset=utf-8\n\n" + notice.text + '\n';
}

std::optional<std::string> HandTo(const std::vector<std::string>& command, const Notice& notice,
                                  std::chrono::milliseconds limit, const std::atomic<bool>& stop) {
  try {
    bytes::CommandStream program(command, {.linger = limit,
                                           .input = MessageOf(notice),
                                           .limit = limit,
                                           .stop = [&stop] { return stop.load(); },
                                           .grace = kGrace});
    std::array<char, 4096> dropped{};
    while (program.Read(dropped) > 0) {
    }
    if (const auto problem = program.Finish()) return problem->ToString();
  } catch (const std::exception& error) {
    if (stop) return "it was ended, since the service stops";
    return error.what();
  }
  return std::nullopt;
}

}  // namespace ucaas_sync::notify
