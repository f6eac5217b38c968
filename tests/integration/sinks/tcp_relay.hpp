// Passes TCP connections on to a server, and can stop doing so: an outage without touching the
// server.
// Threading: take_down() and bring_up() from one thread; the relaying has threads of its own.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace tailrace::sinks {

class TcpRelay {
 public:
  explicit TcpRelay(int upstream_port);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  int port() const { return port_; }
  // Cuts all connections and lets no new one through.
  void take_down();
  void bring_up() { down_ = false; }

 private:
  struct Link {
    int client = -1;
    int server = -1;
    std::thread thread;
  };
  void accept_all();
  static void relay(int client, int server);

  const int upstream_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> down_ = false;
  std::mutex mutex_;
  std::list<Link> links_;
  std::thread accepting_;
};

}  // namespace tailrace::sinks
