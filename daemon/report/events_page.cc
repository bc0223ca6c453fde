#include "daemon/report/events_page.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "daemon/model/events.h"

namespace ucaas_sync::report {
namespace {

constexpr std::string_view kHead = R"(ucaas-sync-events(7)

# NAME

ucaas-sync-events - what the log of ucaas-sync says, and what to do about it

# DESCRIPTION

*ucaas-sync*(1) writes its log to stderr, one event a line. Each event has a name that stays the same for ever, so that
it can be searched for and alarms can be built on it; the words after it may become better ones.

Under systemd a line begins with the name, and the journal knows its level:

```
journalctl -u ucaas-sync -p warning
journalctl -u ucaas-sync -g '^run_failed'
```

With *log: { format: json }* a line is an object with _time_, _level_, _event_ (the name) and _text_. In the text
for people, warnings and errors end with the name in brackets, and other lines go without it.

An _error_ is something that keeps the service or a command from its work. A _warning_ is something that a person should
look at, though the work goes on. _info_ tells what was done, and _debug_ is for finding out why. With *log: { people: key }*
people are named by key alone, with *hash* by twelve digits of its SHA-256.

Of one kind of event at most 100 lines are written in a minute; _repeats\_left\_out_ then says how many more there were.
While the service tries something again that fails, what stays the same is said once.

# EVENTS

)";

constexpr std::string_view kFoot = R"(# SEE ALSO

*ucaas-sync*(1), *ucaas-sync.yaml*(5), *journalctl*(1)
)";

// As scdoc reads it: a backslash makes of any sign an ordinary one, and what is typed is bold.
std::string Escaped(std::string_view text) {
  constexpr std::string_view kSpecial = R"(\*_<>[]~#)";
  std::string escaped;
  for (const char c : text) {
    if (c == '`') {
      escaped += '*';
      continue;
    }
    if (kSpecial.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string EventsPage() {
  const auto catalogue = EventCatalogue();
  std::vector<EventType> events(catalogue.begin(), catalogue.end());
  std::sort(events.begin(), events.end(), [](const EventType& a, const EventType& b) { return a.name < b.name; });
  std::string page(kHead);
  for (const EventType& event : events) {
    page += "## " + Escaped(event.name) + " (" + std::string(Word(event.severity)) + ")\n\n";
    page += Escaped(event.sentence) + "\n\n" + Escaped(event.advice) + "\n\n";
  }
  page += kFoot;
  return page;
}

}  // namespace ucaas_sync::report
