#include "app/admin/import_client.hpp"

#include <fmt/format.h>

#include "app/admin/admin_client.hpp"
#include "app/admin/url.hpp"

namespace tailrace::app {
namespace {

// The server takes 8,000 bytes of path and query (app/admin/request_head.hpp).
constexpr std::size_t list_bytes = 6000;

// As the list has it: a comma or percent sign in it is not the list's own; then as a query has it.
std::string listed(const std::string& id) {
  std::string text;
  for (const char c : id) {
    if (c == ',' || c == '%') {
      text += c == ',' ? "%2C" : "%25";
    } else {
      text += c;
    }
  }
  return percent_encode(text);
}

std::string of_shard(const std::string& shard, char first) {
  return shard.empty() ? "" : fmt::format("{}shard={}", first, percent_encode(shard));
}

}  // namespace

Result<std::string> start_import(const config::PipelineSpec& spec, const std::string& document,
                                 const std::vector<std::string>& ids, const std::string& shard) {
  std::string list;
  for (const std::string& id : ids) list += (list.empty() ? "" : ",") + listed(id);
  return ask(spec, "POST",
             fmt::format("/v1/snapshots?document={}&ids={}{}", percent_encode(document), list,
                         of_shard(shard, '&')));
}

Result<std::string> list_imports(const config::PipelineSpec& spec) {
  return ask(spec, "GET", "/v1/snapshots");
}

Result<std::string> stop_import(const config::PipelineSpec& spec, std::uint64_t number,
                                const std::string& shard) {
  return ask(spec, "DELETE", fmt::format("/v1/snapshots/{}{}", number, of_shard(shard, '?')));
}

std::vector<std::vector<std::string>> in_requests(const std::vector<std::string>& ids) {
  std::vector<std::vector<std::string>> requests;
  std::size_t bytes = 0;
  for (const std::string& id : ids) {
    const std::size_t size = listed(id).size() + 1;
    if (requests.empty() || bytes + size > list_bytes) {
      requests.emplace_back();
      bytes = 0;
    }
    requests.back().push_back(id);
    bytes += size;
  }
  return requests;
}

}  // namespace tailrace::app
