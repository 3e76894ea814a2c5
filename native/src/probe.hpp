// What is done with model files in a process of its own, sled-probe: llama.cpp ends the process at some of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

struct ProbeTask {
  const char *kind;  // see probe_result.hpp
  std::string path;
  std::string backend;                // file of the CPU backend, "" where nothing is computed
  int64_t seconds;                    // of processor time, on each core
  int64_t memory_bytes;               // that it may allocate
  std::vector<std::string> arguments; // of this kind
};

// Runs sled-probe and waits for it. False, and a warning once, where it cannot be run; fails as require_tried() does. Any
// thread.
bool run_probe(const ProbeTask &task);

// What a task that reads a header and works on a few rows at a time may allocate.
constexpr int64_t kProbeWorkingBytes = int64_t{2} << 30;

constexpr int64_t kProbeLeastSeconds = 60;

}  // namespace sled
