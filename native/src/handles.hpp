// Handles: numbers that outlive what they name without harm.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "status.hpp"

namespace sled {

// Numbers are never reused within a process and differ between kinds, so that a stale or foreign handle is always
// told apart from a live one. Shared across all tables.
int64_t next_handle();

// One kind of object by handle. get() hands out shared ownership: an object that is closed by one thread while
// another is inside a call lives on until that call returns. Any thread.
template <typename T>
class HandleTable {
 public:
  explicit HandleTable(const char *kind) : kind_(kind) {}

  int64_t put(std::shared_ptr<T> object) {
    const int64_t handle = next_handle();
    std::lock_guard<std::mutex> lock(mutex_);
    objects_.emplace(handle, std::move(object));
    return handle;
  }

  std::shared_ptr<T> get(int64_t handle) const {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = objects_.find(handle);
    if (found == objects_.end()) {
      fail(SLED_ERR_HANDLE, "no open %s has this handle: it was closed, or never opened", kind_);
    }
    return found->second;
  }

  // Removes the handle if `may_close(object)` returns; the last owner frees the object.
  template <typename Check>
  void remove(int64_t handle, Check &&may_close) {
    std::shared_ptr<T> object;  // freed after the lock
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = objects_.find(handle);
    if (found == objects_.end()) {
      fail(SLED_ERR_HANDLE, "no open %s has this handle: it was closed already, or never opened", kind_);
    }
    may_close(*found->second);
    object = std::move(found->second);
    objects_.erase(found);
  }

 private:
  const char *const kind_;
  mutable std::mutex mutex_;
  std::unordered_map<int64_t, std::shared_ptr<T>> objects_;
};

// "Used by one thread at a time": the second one is told so instead of waiting or crashing.
class Exclusive {
 public:
  Exclusive(std::mutex &mutex, const char *what) : lock_(mutex, std::try_to_lock) {
    if (!lock_.owns_lock()) {
      fail(SLED_ERR_BUSY, "this %s is in use by another thread right now", what);
    }
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace sled
