// Hides secrets that the target repeats in what it says.
#pragma once

#include <string>
#include <string_view>

namespace ucaas_sync::ucaas {

/// `text` with "[secret]" wherever `secret` stands; an empty secret stands nowhere.
std::string Redacted(std::string text, std::string_view secret);

}  // namespace ucaas_sync::ucaas
