// The answer, as Markdown on stdout.
#pragma once

#include <string>

#include "measurement.hpp"
#include "options.hpp"

namespace numerics {

void print_introduction(const Options &options);
void print_measurement(const std::string &title, const Measurement &measurement);

}  // namespace numerics
