// What trials of model files gave on this machine: kept for the next time that the same content is opened.
#pragma once

#include <optional>
#include <string>

namespace sled {

// What a result is about: a content (a digest), what was tried of it, and what tried it: this build on this processor.
std::string key_of_trial(const std::string &content, const std::string &what);

// The result that was remembered under a key (of key_of_trial()), if there is one. At most 4 KiB are remembered. Any thread,
// any number of processes.
std::optional<std::string> recall_trial(const std::string &key);
void remember_trial(const std::string &key, const std::string &result);

}  // namespace sled
