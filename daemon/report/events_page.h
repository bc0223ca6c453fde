// The manual's page ucaas-sync-events(7), in scdoc's language, printed from the catalogue of events.
#pragma once

#include <string>

namespace ucaas_sync::report {

/// The whole page: every event under its name, in alphabetical order.
std::string EventsPage();

}  // namespace ucaas_sync::report
