#include "daemon/plan/guards.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "daemon/model/text.h"
#include "daemon/plan/source_guards.h"
