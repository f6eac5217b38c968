// The mapping of a document type, generated from its columns' types: pipeline.md, "Shapes, fixed".
// Only core mapping types, so that any distribution of the server takes it.
// Threading: free functions, pure.
#pragma once

#include <string>

#include "core/result.hpp"
#include "sinks/document_shape.hpp"
#include "sinks/elasticsearch/elasticsearch_options.hpp"

namespace tailrace::sinks {

struct Mapping {
  std::string json;             // {"dynamic":…,"properties":{…}}
  std::size_t field_count = 0;  // as the server counts them for index.mapping.total_fields.limit
};

// Overrides are merged by field path ("items", "items.qty", "status.text"); another `type` replaces
// a generated field, the same or none adds to it. Error halt "es.bad_override": not a JSON object,
// or a path that the document does not have.
Result<Mapping> make_mapping(const DocumentShape& shape, const ElasticsearchOptions& options);

}  // namespace tailrace::sinks
