// Tries a model file in a process of its own before this process opens it: llama.cpp ends the process at some files.
#pragma once

#include <cstdint>
#include <string>

namespace sled {

struct Candidate {
  std::string path;      // as the user named it
  std::string content;   // a digest of what is in the file, or in all parts
  int64_t bytes;         // of all parts
  bool vocabulary_only;  // nothing is to be computed with it
};

// Returns at once if this content passed before on this machine, else runs sled-probe and waits for it. Fails with the
// probe's own failure, or with SLED_ERR_FORMAT (SLED_ERR_MEMORY) and the cause if the probe died. Any thread.
void require_tried(const Candidate &candidate);

}  // namespace sled
