// Wakes a thread that waits for a server, by shutting its sockets down.
// Threading: every method from any thread.
#pragma once

#include <mutex>
#include <vector>

namespace tailrace::capture::mysql {

class Interrupter {
 public:
  // False: interrupted already, give the connection up.
  bool attach(int socket);
  // Must come before the socket is closed: its number may be another file's a moment later.
  void detach(int socket);
  // Every attached socket and every later one fails at once.
  void interrupt() noexcept;
  bool interrupted() const;

 private:
  mutable std::mutex mutex_;
  std::vector<int> sockets_;
  bool interrupted_ = false;
};

}  // namespace tailrace::capture::mysql
