#include "capture/mysql/interrupter.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace tailrace::capture::mysql {

bool Interrupter::attach(int socket) {
  const std::lock_guard lock(mutex_);
  if (interrupted_) return false;
  sockets_.push_back(socket);
  return true;
}

void Interrupter::detach(int socket) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find(sockets_.begin(), sockets_.end(), socket);
  if (at != sockets_.end()) sockets_.erase(at);
}

void Interrupter::interrupt() noexcept {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

bool Interrupter::interrupted() const {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

}  // namespace tailrace::capture::mysql
