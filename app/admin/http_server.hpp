// The admin HTTP server of a running pipeline: probes, metrics, status, documents and search.
//   GET /livez /readyz /startupz (?verbose)   GET /metrics   GET /v1/status
//   GET /v1/documents/{type}/{id}   GET /v1/search/{type}?q=words[&limit=20]    (bearer token)
//   POST /v1/pause?what=fanout   POST /v1/resume?what=fanout                    (bearer token)
//   GET, POST, DELETE /v1/snapshots (import_routes.hpp)                         (bearer token)
// Errors are RFC 9457 problem+json with `code` and `suggestion`.
// Threading: start, url and the destructor from one thread; the board and the factory are used from
// the server's own threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/admin/listener.hpp"
#include "app/admin/routes.hpp"
#include "config/pipeline_spec.hpp"
#include "core/result.hpp"
#include "engine/fanout_valve.hpp"
#include "engine/status_board.hpp"

namespace tailrace::app {

struct AdminOptions {
  std::string pipeline;                // its name
  std::vector<std::string> documents;  // the types that may be asked for
  config::ServeSpec serve;
  std::string state_dir;                        // exists; holds the token and admin.json
  engine::FanoutValve* fanout_valve = nullptr;  // outlives the server; null: no projector here
  ImportDesks imports = {};  // of the captures of this process; they outlive the server
};

AdminOptions admin_options(const config::PipelineSpec& spec);

class AdminServer {
 public:
  // Answers from here on. `board` outlives the server.
  // Error halt: "serve.address", "serve.token", "serve.state_dir"; the message holds the cure.
  static Result<std::unique_ptr<AdminServer>> start(AdminOptions options,
                                                    engine::StatusBoard& board,
                                                    ReaderFactory readers);
  // Stops, waits for requests that are being answered, removes admin.json.
  ~AdminServer();

  // "http://127.0.0.1:8642": where this machine reaches it.
  std::string url() const { return url_; }

 private:
  AdminServer(std::string state_dir, std::unique_ptr<Routes> routes,
              std::unique_ptr<Listener> listener);

  std::string state_dir_;
  std::unique_ptr<Routes> routes_;  // outlives the listener
  std::unique_ptr<Listener> listener_;
  std::string url_;
};

// "http://host:port" for a client on this machine; a wildcard address becomes loopback.
std::string url_of(const std::string& host, std::uint16_t port);

}  // namespace tailrace::app
