// Implementation of the relay; a *_test.cpp so that the folder's program holds it.
#include "tests/integration/sinks/tcp_relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace tailrace::sinks {

namespace {
sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}
}  // namespace

TcpRelay::TcpRelay(int upstream_port) : upstream_port_(upstream_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 64);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

TcpRelay::~TcpRelay() {
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  take_down();
  for (Link& link : links_) {
    link.thread.join();
    ::close(link.client);
    ::close(link.server);
  }
}

void TcpRelay::take_down() {
  down_ = true;
  const std::lock_guard lock(mutex_);
  for (const Link& link : links_) {
    ::shutdown(link.client, SHUT_RDWR);
    ::shutdown(link.server, SHUT_RDWR);
  }
}

void TcpRelay::accept_all() {
  for (;;) {
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(upstream_port_);
    if (down_ || ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address)) {
      ::close(client);
      ::close(server);
      continue;
    }
    const std::lock_guard lock(mutex_);
    links_.push_back({client, server, std::thread([client, server] { relay(client, server); })});
  }
}

void TcpRelay::relay(int client, int server) {
  std::array<char, 65536> buffer{};
  const auto pass = [&](int from, int to) {
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t now =
          ::send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (now <= 0) return false;
      sent += now;
    }
    return got > 0;
  };
  for (;;) {
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
    if (::poll(ends.data(), ends.size(), -1) < 0) break;
    if (ends[0].revents != 0 && !pass(client, server)) break;
    if (ends[1].revents != 0 && !pass(server, client)) break;
  }
  ::shutdown(client, SHUT_RDWR);
  ::shutdown(server, SHUT_RDWR);
}

}  // namespace tailrace::sinks
