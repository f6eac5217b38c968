// HTTP to one cluster over libcurl: several requests at once, connections kept open, redirects
// never followed, answers capped, the proxies of the environment ignored (the URL is what is
// contacted). The only file pair that includes libcurl. Threading: one thread at a time per client.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "sinks/elasticsearch/elasticsearch_options.hpp"

namespace tailrace::sinks {

struct HttpRequest {
  std::string method = "GET";
  std::string path{};  // "/orders/_search?size=1", already percent-encoded
  std::string body{};  // empty: none
  const char* content_type = "application/json";
};

struct HttpResponse {
  int status = 0;
  std::string body;
  bool ok() const { return status / 100 == 2; }
};

struct HttpCompletion {
  std::uint64_t tag = 0;          // as given to start()
  Result<HttpResponse> response;  // error retry "es.unreachable": no whole answer from any URL
};

class HttpClient {
 public:
  explicit HttpClient(const ElasticsearchOptions& options);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  // Sends now, or as soon as wait() or send() runs. A URL that does not answer is passed over for
  // the next one, each once; the one that answered is asked first from then on.
  void start(HttpRequest request, std::uint64_t tag);
  std::size_t in_flight() const;
  // Blocks until one of the started requests is done, in any order. At least one is in flight.
  HttpCompletion wait();
  // start() and wait() for one request; none is in flight.
  Result<HttpResponse> send(HttpRequest request);
  // The URL asked first, for messages.
  const std::string& url() const;

 private:
  class Connections;
  std::unique_ptr<Connections> connections_;
};

// For a path: everything but letters, digits and -._~ as %XX; "." and ".." too.
std::string percent_encode(std::string_view text);

}  // namespace tailrace::sinks
