#include "daemon/service/zone.h"

#include <cstdlib>
#include <ctime>

namespace ucaas_sync::service {

Zone::Zone() {
  if (const char* zone = std::getenv("TZ")) original_ = zone;
}

void Zone::Use(const std::string& zone) {
  if (zone != "local") {
    setenv("TZ", (":" + zone).c_str(), 1);
  } else if (original_) {
    setenv("TZ", original_->c_str(), 1);
  } else {
    unsetenv("TZ");
  }
  tzset();
}

}  // namespace ucaas_sync::service
