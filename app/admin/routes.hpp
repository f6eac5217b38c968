// The endpoints of the admin API, as a function of the request: no sockets here.
// Threading: handle() from several threads at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/admin/http_message.hpp"
#include "app/admin/import_routes.hpp"
#include "app/admin/url.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"
#include "engine/fanout_valve.hpp"
#include "engine/status_board.hpp"
#include "sinks/document_sink.hpp"

namespace tailrace::app {

// A reader of the documents of a type, made for one request. Called by several threads at once.
using ReaderFactory =
    std::function<Result<std::unique_ptr<sinks::DocumentReader>>(std::string_view document)>;

struct RouteOptions {
  std::string pipeline;                // name of the pipeline
  std::vector<std::string> documents;  // the types that there are
  Secret token;                        // never empty
  std::string host;                    // as configured; on loopback only it and loopback names pass
  engine::FanoutValve* fanout_valve = nullptr;  // null: this process has no projector
  ImportDesks imports = {};                     // of the captures of this process
};

class Routes {
 public:
  // `board` outlives this.
  Routes(RouteOptions options, const engine::StatusBoard& board, ReaderFactory readers);

  HttpReply handle(const HttpRequest& request);

 private:
  HttpReply route(const HttpRequest& request, const Target& target);
  HttpReply probe(const Target& target, bool passed, const engine::StatusBoard::View& view) const;
  HttpReply started(const Target& target);
  HttpReply document(const Target& target) const;
  HttpReply turn(const HttpRequest& request, const Target& target) const;
  HttpReply search(const Target& target) const;
  Result<std::unique_ptr<sinks::DocumentReader>> reader_of(const std::string& document) const;
  bool is_authorized(const HttpRequest& request) const;

  RouteOptions options_;
  bool on_loopback_;
  const engine::StatusBoard& board_;
  ReaderFactory readers_;
  std::atomic<bool> has_started_ = false;  // stays true
};

}  // namespace tailrace::app
