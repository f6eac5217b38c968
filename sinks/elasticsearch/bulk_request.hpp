// The body of one `_bulk` request: an action line and a document line for every write.
// Threading: free functions, pure.
#pragma once

#include <string>

#include "core/document.hpp"
#include "core/result.hpp"

namespace tailrace::sinks {

inline constexpr std::size_t longest_document_id = 512;  // bytes; the server's own limit

// Error dead_letter: an id that the server would refuse, and with it the whole request.
Result<void> check_bulk_item(const DocumentWrite& write);

// Appends {"index":{"_id":…,"version":…,"version_type":"external"}} and the body. The index is
// named by the request's address. Line breaks between the body's tokens become spaces.
void append_bulk_item(std::string& out, const DocumentWrite& write);

// About what append_bulk_item() adds, for splitting by size.
inline std::size_t bulk_item_size(const DocumentWrite& write) {
  return write.body.size() + write.id.size() + 80;
}

}  // namespace tailrace::sinks
