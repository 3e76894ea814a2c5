#include "tried_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sled {
namespace {

namespace fs = std::filesystem;

// An empty file for each: 1,000 are as many models as anybody has, and damaged ones do not get here.
constexpr size_t kMostFiles = 1000;

std::mutex g_mutex;
std::set<std::string> g_tried;  // guarded by g_mutex: of this process, where no file can be written

// Where the files are, "" for nowhere: only this user may write there.
fs::path directory() {
  const char *const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') {
    return fs::path(cache) / "sled" / "tried";
  }
  const char *const home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? fs::path(home) / ".cache" / "sled" / "tried" : fs::path();
}

// Removes those that were looked for longest ago. Other processes may do so at the same time.
void prune(const fs::path &directory) {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    const fs::file_time_type time = fs::last_write_time(at->path(), gone);
    if (!gone) {
      files.emplace_back(time, at->path());
    }
  }
  if (files.size() <= kMostFiles) {
    return;
  }
  std::sort(files.begin(), files.end());
  files.resize(files.size() - kMostFiles);
  for (const auto &file : files) {
    fs::remove(file.second, error);
  }
}

}  // namespace

bool was_tried(const std::string &key) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  if (g_tried.count(key) != 0) {
    return true;
  }
  const fs::path file = directory() / key;
  struct stat info {};
  if (!file.is_absolute() || lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid()) {
    return false;
  }
  utimensat(AT_FDCWD, file.c_str(), nullptr, 0);  // used: the last to be pruned
  return true;
}

void remember_tried(const std::string &key) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_tried.insert(key);
  const fs::path place = directory();
  std::error_code error;
  if (!place.is_absolute() || (fs::create_directories(place, error), error)) {
    return;
  }
  const int file = open((place / key).c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file >= 0) {
    close(file);
    prune(place);
  }
}

}  // namespace sled
