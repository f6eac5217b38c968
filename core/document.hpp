// One versioned write of one document: what goes to a sink.
// Threading: plain values.
#pragma once

#include <string>

#include "core/token.hpp"

namespace tailrace {

struct DocumentWrite {
  std::string id;        // the document's id as readers know it
  Version version;       // newer contents have higher versions; equal means the same contents
  bool deleted = false;  // body is a stub: {"_tailrace":{…,"deleted":true}}
  std::string body;      // JSON object, UTF-8, includes `_tailrace`
};

}  // namespace tailrace
