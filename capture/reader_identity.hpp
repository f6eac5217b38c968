// Who this reader is towards the server: stable from run to run, so that a second one takes over
// from the first instead of reading beside it.
// Threading: free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tailrace::capture {

struct ReaderIdentity {
  std::uint32_t server_id = 0;  // never 0
  std::string uuid;
};

// `server_id` other than 0 is used as it is.
ReaderIdentity reader_identity(std::string_view pipeline, std::string_view shard,
                               std::string_view host, std::uint32_t server_id);
std::string own_host_name();
// Differs between two readers of one identity.
std::string some_reader_name();

}  // namespace tailrace::capture
