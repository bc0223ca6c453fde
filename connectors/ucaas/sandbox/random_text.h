// Text that nobody can guess, for tokens, salts, passwords and the halves of ids. Thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace ucaas_sync::sandbox {

/// `digits` lower-case hexadecimal digits from the system's random generator.
std::string RandomHex(std::size_t digits);

}  // namespace ucaas_sync::sandbox
