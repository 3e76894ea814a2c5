#include "cgroups.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

namespace sled {
namespace {

// Where a hierarchy of control groups is mounted, and which group this process is in.
struct Hierarchy {
  bool v2;
  std::string mount_point;
  std::string mount_root;  // the group that the mount point shows; "/" outside of containers
  std::string group;
};

std::vector<std::string> fields_of(const std::string &text, char separator) {
  std::vector<std::string> fields;
  std::istringstream in(text);
  for (std::string field; std::getline(in, field, separator);) {
    fields.push_back(field);
  }
  return fields;
}

bool lists(const std::string &words, const std::string &word) {
  const std::vector<std::string> all = fields_of(words, ',');
  return std::find(all.begin(), all.end(), word) != all.end();
}

// Of /proc/self/cgroup, "0::/group" or "4:cpu,cpuacct:/group": this process's group. False if there is none.
bool find_group(const std::string &root, bool v2, const char *controller, std::string &group) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : lists(controllers, controller)) {
      group = line.substr(second + 1);
      return true;
    }
  }
  return false;
}

// Of /proc/self/mountinfo: "36 35 0:29 /root /mount/point options - type source super,options".
std::vector<Hierarchy> hierarchies(const std::string &root, const char *controller) {
  std::vector<Hierarchy> found;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t dash = line.find(" - ");
    const std::vector<std::string> before = fields_of(line.substr(0, dash), ' ');
    const std::vector<std::string> after =
        dash == std::string::npos ? std::vector<std::string>() : fields_of(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) {
      continue;
    }
    Hierarchy hierarchy{after[0] == "cgroup2", before[4], before[3], ""};
    if ((hierarchy.v2 || (after[0] == "cgroup" && lists(after[2], controller))) &&
        find_group(root, hierarchy.v2, controller, hierarchy.group)) {
      found.push_back(hierarchy);
    }
  }
  return found;
}

// Calls visit(directory, v2) for the group of this process that has the controller, and for each above it.
void for_each_group(const std::string &root, const char *controller,
                    const std::function<void(const std::string &, bool)> &visit) {
  for (const Hierarchy &hierarchy : hierarchies(root, controller)) {
    // Seen from within a container the group's path may begin with what the mount point stands for, or lead out of it.
    std::string group = hierarchy.group;
    const std::string &base = hierarchy.mount_root;
    if (base != "/" && group.compare(0, base.size(), base) == 0 &&
        (group.size() == base.size() || group[base.size()] == '/')) {
      group = group.substr(base.size());
    } else if (base != "/" || group.compare(0, 3, "/..") == 0) {
      group.clear();
    }
    while (true) {
      visit(root + hierarchy.mount_point + group, hierarchy.v2);
      if (group.empty()) {
        break;
      }
      group.resize(group.find_last_of('/') == std::string::npos ? 0 : group.find_last_of('/'));
    }
  }
}

// -1: no such file, or not a number ("max").
int64_t number_in(const std::string &path) {
  int64_t value = -1;
  std::ifstream file(path);
  return file >> value ? value : -1;
}

// The sum of what a file of "key value" lines has for two keys.
int64_t sum_in(const std::string &path, const std::string &first, const std::string &second) {
  int64_t sum = 0;
  std::ifstream file(path);
  std::string key;
  for (int64_t value = 0; file >> key >> value;) {
    sum += key == first || key == second ? value : 0;
  }
  return sum;
}

}  // namespace

int32_t cpu_quota_millicores(const std::string &root) {
  int64_t tightest = 0;
  for_each_group(root, "cpu", [&](const std::string &directory, bool v2) {
    int64_t quota_us = number_in(directory + "/cpu.cfs_quota_us");
    int64_t period_us = number_in(directory + "/cpu.cfs_period_us");
    if (v2) {
      std::ifstream file(directory + "/cpu.max");
      if (!(file >> quota_us >> period_us)) {
        return;  // "max 100000"
      }
    }
    if (quota_us > 0 && period_us > 0) {
      const int64_t quota = std::max<int64_t>(1, std::min<int64_t>(quota_us, INT64_MAX / 1000) * 1000 / period_us);
      tightest = tightest == 0 ? quota : std::min(tightest, quota);
    }
  });
  return static_cast<int32_t>(std::min<int64_t>(tightest, INT32_MAX));
}

int64_t group_free_bytes(const std::string &root) {
  int64_t least = -1;
  for_each_group(root, "memory", [&](const std::string &directory, bool v2) {
    const int64_t limit = number_in(directory + (v2 ? "/memory.max" : "/memory.limit_in_bytes"));
    const int64_t used = number_in(directory + (v2 ? "/memory.current" : "/memory.usage_in_bytes"));
    if (limit < 0 || used < 0) {
      return;
    }
    const int64_t files = v2 ? sum_in(directory + "/memory.stat", "inactive_file", "active_file")
                             : sum_in(directory + "/memory.stat", "total_inactive_file", "total_active_file");
    const int64_t free = std::min(limit, std::max<int64_t>(0, limit - used + files));
    least = least < 0 ? free : std::min(least, free);
  });
  return least;
}

int32_t default_threads(int32_t cores, int32_t quota_millicores) {
  return quota_millicores == 0 ? cores : std::max(1, std::min(cores, quota_millicores / 1000));
}

}  // namespace sled
