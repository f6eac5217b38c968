#include "app/admin/status_client.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include "app/admin/http_server.hpp"
#include "app/admin/server_file.hpp"

namespace tailrace::app {
namespace {

constexpr std::size_t max_answer_bytes = 8u << 20;

Failure unreachable(const config::PipelineSpec& spec, const std::string& what) {
  return retry("status.unreachable",
               fmt::format("{} does not run here: {}; start it with: tailrace run {}", spec.name,
                           what, spec.file));
}

}  // namespace

Result<std::string> find_server(const config::PipelineSpec& spec) {
  if (const auto file = read_server_file(spec.state_dir)) return file->url;
  if (spec.serve.port == 0)
    return unreachable(spec, "there is no " + server_file_path(spec.state_dir));
  return url_of(spec.serve.host, spec.serve.port);
}

Result<StatusAnswer> fetch_status(const config::PipelineSpec& spec) {
  TAILRACE_ASSIGN(const std::string url, find_server(spec));
  httplib::Client client(url);
  if (!client.is_valid()) return unreachable(spec, url + " is not an address");
  client.set_connection_timeout(2);
  client.set_read_timeout(5);
  client.set_write_timeout(5);
  std::string body;
  const httplib::Result answer = client.Get("/v1/status", [&](const char* bytes, std::size_t size) {
    body.append(bytes, size);
    return body.size() <= max_answer_bytes;
  });
  if (!answer) return unreachable(spec, "nobody answers at " + url);
  if (answer->status != 200) {
    return unreachable(spec, fmt::format("{} answers with status {}", url, answer->status));
  }
  auto report = parse_report(body);
  if (!report) return unreachable(spec, url + " is another program");
  // The file of a killed process may name a port that another pipeline has taken since.
  if (report->name != spec.name) {
    return unreachable(spec, fmt::format("{} is the pipeline '{}'", url, report->name));
  }
  return StatusAnswer{std::move(body), std::move(*report)};
}

}  // namespace tailrace::app
