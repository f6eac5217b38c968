#include "app/admin/http_server.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "app/admin/server_file.hpp"
#include "app/admin/token.hpp"
#include "app/admin/url.hpp"
#include "core/log.hpp"

namespace tailrace::app {
namespace {

Result<Secret> token_for(const AdminOptions& options) {
  if (!options.serve.token) return load_or_create_token(options.state_dir);
  if (options.serve.token->empty()) {
    return halt("serve.token", "serve.token is empty; leave the key out to get a random token");
  }
  return *options.serve.token;
}

}  // namespace

AdminOptions admin_options(const config::PipelineSpec& spec) {
  AdminOptions options{spec.name, {}, spec.serve, spec.state_dir, nullptr};
  for (const auto& document : spec.documents) options.documents.push_back(document.name);
  return options;
}

std::string url_of(const std::string& host, std::uint16_t port) {
  if (host == "0.0.0.0" || host.empty()) return fmt::format("http://127.0.0.1:{}", port);
  if (host == "::") return fmt::format("http://[::1]:{}", port);
  if (host.find(':') != std::string::npos) return fmt::format("http://[{}]:{}", host, port);
  return fmt::format("http://{}:{}", host, port);
}

Result<std::unique_ptr<AdminServer>> AdminServer::start(AdminOptions options,
                                                        engine::StatusBoard& board,
                                                        ReaderFactory readers) {
  TAILRACE_ASSIGN(Secret token, token_for(options));
  const std::string& host = options.serve.host;
  auto routes =
      std::make_unique<Routes>(RouteOptions{options.pipeline, options.documents, std::move(token),
                                            host, options.fanout_valve, options.imports},
                               board, std::move(readers));
  TAILRACE_ASSIGN(auto listener, Listener::start({.host = host, .port = options.serve.port},
                                                 [&routes = *routes](const HttpRequest& request) {
                                                   return routes.handle(request);
                                                 }));
  std::unique_ptr<AdminServer> server(
      new AdminServer(options.state_dir, std::move(routes), std::move(listener)));
  server->url_ = url_of(host, server->listener_->port());
  TAILRACE_TRY(write_server_file(options.state_dir, {server->url_, ::getpid()}));
  if (!is_loopback(host)) {
    log_warn("admin.not_loopback", {{"listen", host}, {"why", "the token travels in clear text"}});
  }
  log_info("admin.listening", {{"url", server->url_}});
  return server;
}

AdminServer::AdminServer(std::string state_dir, std::unique_ptr<Routes> routes,
                         std::unique_ptr<Listener> listener)
    : state_dir_(std::move(state_dir)),
      routes_(std::move(routes)),
      listener_(std::move(listener)) {}

AdminServer::~AdminServer() {
  listener_.reset();
  remove_server_file(state_dir_, ::getpid());
}

}  // namespace tailrace::app
