// A file that comes into being whole or not at all: written as "<path>.part" and renamed at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sled {

class OutputFile {
 public:
  // Creates the empty part. Fails with SLED_ERR_IO where the file exists and may not be replaced, the directory cannot be
  // written to, or has no room for so many bytes. flags: enum sled_output_flags.
  OutputFile(std::string path, int64_t bytes, int32_t flags);
  // Removes the part if it was not published.
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  // Where it is written to meanwhile: by name, or with write().
  const std::string &part() const { return part_; }
  void write(const void *data, size_t bytes);

  // Gives it its name.
  void publish();

 private:
  void create(bool replace);
  void require_room(int64_t bytes) const;
  void require_absent(bool replace) const;

  const std::string path_;
  const std::string part_;
  const bool replace_;
  int descriptor_ = -1;
};

}  // namespace sled
