// What the control groups of this process (containers, systemd's CPUQuota and MemoryMax) let it have: its own group's
// limit and those of all groups above it, in cgroup v1 and v2. `root` goes before every path: "" for this machine, a
// made tree in tests.
#pragma once

#include <cstdint>
#include <string>

namespace sled {

// The tightest CPU quota, in thousandths of a core; 0: none.
int32_t cpu_quota_millicores(const std::string &root);

// The least memory that a group has left, in bytes; -1: none is limited. Pages of files count as free, as they do in
// MemAvailable: a model that was read once would otherwise use up the whole limit.
int64_t group_free_bytes(const std::string &root);

// Threads that compute by default: no more than cores or quota, rounded down (with two threads and a quota of 1.5 cores
// both would stand still for a quarter of the time, wherever they are in a step), and at least one.
int32_t default_threads(int32_t cores, int32_t quota_millicores);

}  // namespace sled
