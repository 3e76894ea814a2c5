// A model's tokenizer as a GGUF file of its own.
#pragma once

#include <string>
#include <vector>

namespace sled {

// See sled_model_vocabulary().
std::vector<char> vocabulary_file(const std::string &path);

}  // namespace sled
