// Sends bytes as they stand to a port of this machine: what no HTTP library would send.
// Threading: one test at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "app/admin/socket.hpp"

namespace tailrace::app {

inline Socket connect_to(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return {};
  }
  return socket;
}

// Everything until the server closes; at most 10 s.
inline std::string receive_all(const Socket& socket) {
  std::string out;
  char buffer[4096];
  pollfd waiting{socket.fd(), POLLIN, 0};
  while (::poll(&waiting, 1, 10'000) > 0) {
    const ssize_t got = ::recv(socket.fd(), buffer, sizeof buffer, 0);
    if (got <= 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

inline std::string converse(std::uint16_t port, std::string_view bytes) {
  const Socket socket = connect_to(port);
  if (socket.fd() < 0) return {};
  send_all(socket.fd(), bytes, 5000);
  return receive_all(socket);
}

// "200" of "HTTP/1.1 200 OK…"; empty: no answer.
inline std::string status_of(const std::string& answer) {
  return answer.size() < 12 ? "" : answer.substr(9, 3);
}

}  // namespace tailrace::app
