#include "output_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sled.h"
#include "status.hpp"

namespace sled {

OutputFile::OutputFile(std::string path, int64_t bytes, int32_t flags)
    : path_(std::move(path)), part_(path_ + ".part"), replace_((flags & SLED_OUTPUT_REPLACE) != 0) {
  if ((flags & ~SLED_OUTPUT_REPLACE) != 0) {
    fail(SLED_ERR_ARGUMENT, "unknown output flags %d", flags);
  }
  if (path_.empty()) {
    fail(SLED_ERR_ARGUMENT, "the output has no name");
  }
  require_absent(replace_);
  require_room(bytes);
  create(replace_);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) {
    close(descriptor_);
    unlink(part_.c_str());
  }
}

void OutputFile::require_absent(bool replace) const {
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0) {
    return;
  }
  if (!replace) {
    fail(SLED_ERR_IO, "'%s' exists already", path_.c_str());
  }
  if (!S_ISREG(info.st_mode)) {
    fail(SLED_ERR_IO, "'%s' is not a regular file", path_.c_str());
  }
}

void OutputFile::require_room(int64_t bytes) const {
  const std::filesystem::path parent = std::filesystem::path(path_).parent_path();
  struct statvfs disk {};
  if (statvfs(parent.empty() ? "." : parent.c_str(), &disk) != 0) {
    fail(SLED_ERR_IO, "cannot write '%s': %s", path_.c_str(), std::strerror(errno));
  }
  const auto room = static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize);
  if (bytes > room) {
    fail(SLED_ERR_IO, "'%s' needs %s, its disk has %s left", path_.c_str(), human_bytes(bytes).c_str(),
         human_bytes(room).c_str());
  }
}

void OutputFile::create(bool replace) {
  if (replace) {
    unlink(part_.c_str());
  }
  descriptor_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0 && errno == EEXIST) {
    fail(SLED_ERR_IO, "'%s' exists already: it is being written, or was cut off; in that case remove it",
         part_.c_str());
  }
  if (descriptor_ < 0) {
    fail(SLED_ERR_IO, "cannot write '%s': %s", part_.c_str(), std::strerror(errno));
  }
}

void OutputFile::write(const void *data, size_t bytes) {
  const char *at = static_cast<const char *>(data);
  while (bytes > 0) {
    const ssize_t done = ::write(descriptor_, at, bytes);
    if (done < 0 && errno == EINTR) {
      continue;
    }
    if (done < 0) {
      fail(SLED_ERR_IO, "cannot write '%s': %s", part_.c_str(), std::strerror(errno));
    }
    at += done;
    bytes -= static_cast<size_t>(done);
  }
}

void OutputFile::publish() {
  require_absent(replace_);  // it may have come meanwhile
  if (std::rename(part_.c_str(), path_.c_str()) != 0) {
    fail(SLED_ERR_IO, "cannot rename '%s' to '%s': %s", part_.c_str(), path_.c_str(), std::strerror(errno));
  }
  close(descriptor_);
  descriptor_ = -1;
}

}  // namespace sled
