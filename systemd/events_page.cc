// Prints the manual's page ucaas-sync-events(7) in scdoc's language.
#include <iostream>

#include "daemon/report/events_page.h"

int main() {
  std::cout << ucaas_sync::report::EventsPage();
  return std::cout.flush() ? 0 : 1;
}
