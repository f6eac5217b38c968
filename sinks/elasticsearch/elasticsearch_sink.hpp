// Documents in an Elasticsearch or OpenSearch index, written by `_bulk` with external versions.
// A deleted document stays as a stub, hidden by the filter of the read alias: a real delete forgets
// its version after a minute, and a late write would bring the document back.
// Threading: one call at a time per sink; inside, several requests are in flight.
#pragma once

#include <memory>

#include "sinks/document_shape.hpp"
#include "sinks/document_sink.hpp"
#include "sinks/elasticsearch/elasticsearch_options.hpp"

namespace tailrace::sinks {

// Checks options and mapping only; DocumentSink::open() asks the server.
Result<std::unique_ptr<DocumentSink>> open_elasticsearch_sink(ElasticsearchOptions options,
                                                              DocumentShape shape);

}  // namespace tailrace::sinks
