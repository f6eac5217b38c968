// The listening socket and its connections. A connection costs no thread until the head of its
// request is complete, so idle and slow ones cannot keep health checks out; each is answered once
// and closed. cpp-httplib parses the request and writes the answer.
// Limits: 256 connections (then the oldest that still waits goes), 16 KiB of head, 5 s for it,
// 64 complete requests in the queue, 5 s to take the answer.
// Threading: start, port and the destructor from one thread; the handler runs on `threads` threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/admin/http_message.hpp"
#include "app/admin/request_head.hpp"
#include "core/result.hpp"

namespace tailrace::app {

struct ListenerOptions {
  std::string host;        // a name or an address
  std::uint16_t port = 0;  // 0: any free one
  HeadLimits limits = {};
  std::size_t connections = 256;
  int head_timeout_ms = 5000;
  int write_timeout_ms = 5000;
  int threads = 4;
};

class Listener {
 public:
  // Error halt "serve.address": not to be had; the message tells why and what to do.
  static Result<std::unique_ptr<Listener>> start(ListenerOptions options, HttpHandler handler);
  // Ends the connections; waits for the requests that are being answered.
  ~Listener();

  std::uint16_t port() const;

 private:
  class State;
  explicit Listener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tailrace::app
