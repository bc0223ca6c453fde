// Why somebody is as they are: the dry run with a trace for one key, and what the journal has of it. Reads only, asks
// the target nothing, and works beside a running sync. Throws Failure for what makes an answer impossible.
#pragma once

#include <string>

#include "daemon/model/explanation.h"
#include "daemon/run/pipeline.h"

namespace ucaas_sync::run {

/// `who`: a key or an e-mail. A source that cannot be read is part of the answer.
Explanation Explain(const Context& context, const std::string& who);

/// What run `run` did with and decided of `who`, from the journal alone. Throws Failure (kUsage) for an unknown run.
Explanation ExplainRun(const Context& context, const std::string& who, const std::string& run);

}  // namespace ucaas_sync::run
