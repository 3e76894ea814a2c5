#include "tried_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.hpp"
#include "child.hpp"
#include "descriptor.hpp"
#include "sha256.hpp"
#include "sled.h"
#include "sled_build_config.h"

namespace sled {
namespace {

namespace fs = std::filesystem;

// A small file for each: as many as some hundreds of models have, and damaged ones do not get here.
constexpr size_t kMostFiles = 2000;

constexpr size_t kMostBytes = 4096;  // of a file

std::mutex g_mutex;
std::map<std::string, std::string> g_known;  // guarded by g_mutex: of this process, where no file can be written

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

std::string key_of_trial(const std::string &content, const std::string &what) {
  struct stat file {};
  const std::string path = path_beside("libsled.so");  // a version has many builds while it is being developed
  Sha256 key;
  key.text(content).text(what).text(SLED_BUILD_VERSION).number(SLED_ABI_VERSION).text(SLED_BUILD_LLAMA_COMMIT);
  if (stat(path.c_str(), &file) == 0) {
    key.number(file.st_size).number(file.st_mtime);
  }
  return key.text(compute_identity()).digest();
}

std::optional<std::string> recall_trial(const std::string &key) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto known = g_known.find(key);
  if (known != g_known.end()) {
    return known->second;
  }
  const fs::path path = directory() / key;
  if (!path.is_absolute()) {
    return std::nullopt;
  }
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (file.number() < 0 || fstat(file.number(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
      info.st_size > static_cast<off_t>(kMostBytes)) {
    return std::nullopt;
  }
  std::string text(static_cast<size_t>(info.st_size), '\0');
  if (read(file.number(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return std::nullopt;
  }
  futimens(file.number(), nullptr);  // used: the last to be pruned
  g_known[key] = text;
  return text;
}

void remember_trial(const std::string &key, const std::string &result) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_known[key] = result;
  const fs::path place = directory();
  std::error_code error;
  if (result.size() > kMostBytes || !place.is_absolute() || (fs::create_directories(place, error), error)) {
    return;
  }
  // Under another name first: other processes see all of it or nothing.
  const fs::path whole = place / key;
  const fs::path part = place / (key + "." + std::to_string(getpid()) + ".written");
  bool written = false;
  {
    const Descriptor file(open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    written = file.number() >= 0 && write(file.number(), result.data(), result.size()) == static_cast<ssize_t>(result.size());
  }
  if (!written || rename(part.c_str(), whole.c_str()) != 0) {
    fs::remove(part, error);
    return;
  }
  prune(place);
}

}  // namespace sled
