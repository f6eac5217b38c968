// Sockets of the admin API. Threading: plain owners and free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"

namespace tailrace::app {

// Owns a descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// Non-blocking, SO_REUSEADDR without SO_REUSEPORT: a port in use is an error, never shared.
// Error halt "serve.address".
Result<Socket> listen_on(const std::string& host, std::uint16_t port);
std::uint16_t local_port(const Socket& socket);

// False: the peer is gone, or has not taken it all within the time.
bool send_all(int fd, std::string_view bytes, int timeout_ms);

}  // namespace tailrace::app
