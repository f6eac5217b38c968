#include "app/admin/socket.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

namespace tailrace::app {
namespace {

constexpr int backlog = 1024;  // the system may allow less

Failure refused(const std::string& host, std::uint16_t port, int error) {
  std::string cure = "choose another address";
  if (error == EADDRINUSE) {
    cure = "stop the program that uses it (another pipeline?), or choose another port; 0 takes any";
  } else if (error == EACCES) {
    cure = "choose a port from 1024 up";
  } else if (error == EADDRNOTAVAIL) {
    cure = "choose an address of this machine";
  }
  return halt("serve.address",
              fmt::format("serve.listen {}:{}: {}; {}", host, port, std::strerror(error), cure));
}

// errno tells why not.
Socket listen_at(const addrinfo& address) {
  Socket socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         address.ai_protocol));
  if (socket.fd() < 0) return {};
  const int on = 1;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.fd(), address.ai_addr, address.ai_addrlen) != 0) return {};
  if (::listen(socket.fd(), backlog) != 0) return {};
  return socket;
}

}  // namespace

Socket::~Socket() {
  const int error = errno;
  if (fd_ >= 0) ::close(fd_);
  errno = error;
}

Result<Socket> listen_on(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) {
    return halt("serve.address",
                fmt::format("serve.listen {}:{}: {}; choose an address of this machine", host, port,
                            ::gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  int first_error = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    errno = 0;
    Socket socket = listen_at(*at);
    if (socket.fd() >= 0) return socket;
    if (first_error == 0) first_error = errno;
  }
  return refused(host, port, first_error);
}

std::uint16_t local_port(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

bool send_all(int fd, std::string_view bytes, int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{fd, POLLOUT, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) return false;
  }
  return true;
}

}  // namespace tailrace::app
