// Reads documents through the alias of an Elasticsearch sink. A word matches a whole word, or the
// start of one, in any field, nested children included; every word has to match somewhere.
// Search sees what the index has refreshed (by default within a second), get sees every write.
// Threading: one call at a time per reader.
#pragma once

#include <memory>

#include "sinks/document_sink.hpp"
#include "sinks/elasticsearch/elasticsearch_options.hpp"

namespace tailrace::sinks {

// Checks the options only. Error halt "es.not_there" of get and search: no such alias yet.
Result<std::unique_ptr<DocumentReader>> open_elasticsearch_reader(ElasticsearchOptions options);

}  // namespace tailrace::sinks
