// The body of a search for words, and the reading of its answer.
// Threading: free functions, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sinks/document_sink.hpp"

namespace tailrace::sinks {

// Paths of the nested fields in the answer to GET /<alias>/_mapping: "items", "items.parts".
std::vector<std::string> nested_paths(std::string_view mapping_answer);

// Empty: no words.
std::string search_body(std::string_view words, std::size_t limit,
                        const std::vector<std::string>& nested);

// Bodies as they were written, byte by byte. Error retry "es.bad_response": not a whole answer.
Result<std::vector<DocumentReader::Hit>> read_hits(std::string_view answer);

}  // namespace tailrace::sinks
