// What the server said about a `_bulk` request, as one outcome for every item.
// Threading: free functions, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace tailrace::sinks {

// 2xx and 409 (a newer version is there): success. 429, 503, other 5xx and blocks: retry. Other
// refusals: dead_letter with the server's reason.
// Outer error: retry "es.bad_response" for anything but a whole answer with `expected` items;
// halt "es.index_gone" if the index does not exist any more.
Result<std::vector<Result<void>>> read_bulk_response(std::string_view body, std::size_t expected);

// The server's own words in an error answer: "mapper_parsing_exception: failed to parse …".
// Empty: not an error in the server's form, for example a proxy's page.
std::string server_reason(std::string_view body);

}  // namespace tailrace::sinks
