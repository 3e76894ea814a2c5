// The contents of model files that were tried on this machine and passed.
#pragma once

#include <string>

namespace sled {

// key: hexadecimal digits. Any thread, any number of processes.
bool was_tried(const std::string &key);
void remember_tried(const std::string &key);

}  // namespace sled
