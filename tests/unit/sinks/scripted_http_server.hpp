// An HTTP server on a loopback port that answers as the test says, and keeps what it was asked.
// Threading: the handler runs on the server's threads, one per connection.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tailrace::sinks {

struct SeenRequest {
  std::string method;
  std::string path;
  std::string headers;  // as they came, lower case
  std::string body;
};

class ScriptedHttpServer {
 public:
  // Gives the raw bytes of the answer, status line and headers included; empty: close at once.
  using Handler = std::function<std::string(const SeenRequest&)>;

  explicit ScriptedHttpServer(Handler handler);
  ~ScriptedHttpServer();
  ScriptedHttpServer(const ScriptedHttpServer&) = delete;
  ScriptedHttpServer& operator=(const ScriptedHttpServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<SeenRequest> seen() const;
  // The most connections that were open at once.
  int most_connections() const { return most_connections_; }

  // "HTTP/1.1 <status> X" with this body and its length.
  static std::string answer(int status, const std::string& body, const std::string& headers = "");

 private:
  void accept_all();
  void serve(int connection);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  std::list<std::pair<int, std::thread>> connections_;
  std::atomic<int> open_ = 0;
  std::atomic<int> most_connections_ = 0;
  std::thread accepting_;
};

}  // namespace tailrace::sinks
