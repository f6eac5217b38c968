// Options of one Elasticsearch sink.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/secret.hpp"

namespace tailrace::sinks {

struct ElasticsearchOptions {
  std::vector<std::string> urls;       // tried in turn
  Secret api_key;                      // "Authorization: ApiKey …"; or
  std::string user;
  Secret password;
  std::string ca_file;                 // PEM; empty: the system's
  std::string alias;                   // what readers use; the index behind it is alias-000001
  std::string dynamic = "strict";      // strict | true | false | runtime, as the server names them
  // {"items":{"type":"nested"}}: merged over the generated mapping, by field path.
  std::string overrides_json = "{}";
  std::size_t batch_documents = 1000;  // of one request; 1 … 100,000
  std::size_t batch_bytes = 8u << 20;
  int in_flight = 4;                   // requests at once; 1 … 64
  bool gzip = true;
  Milliseconds connect_timeout{5000};
  Milliseconds request_timeout{60000};
};

}  // namespace tailrace::sinks
