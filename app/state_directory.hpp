// state.dir: made with mode 0700, used by one process at a time, holds this worker's identity.
// Threading: free functions; the lock belongs to the process.
#pragma once

#include <string>

#include "core/result.hpp"

namespace tailrace::app {

// Holds the directory's lock until destroyed. Error halt "state.locked" names the other process.
class StateLock {
 public:
  static Result<StateLock> take(const std::string& directory);
  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int fd) : fd_(fd) {}
  int fd_;
};

// This worker's id, made once and kept in the directory.
Result<std::string> instance_id(const std::string& directory);

}  // namespace tailrace::app
