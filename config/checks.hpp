// What one value cannot tell: rules between keys, all offline. Columns and types are compared with
// the server's later, by transform's compile.
// Threading: pure functions over a decoder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/decoder.hpp"
#include "config/drafts.hpp"

namespace tailrace::config {

void check_source(Decoder& decoder, const PipelineDraft& draft);
// Which source holds which table, and whether ids and joins can tell shards apart.
void check_shards(Decoder& decoder, const PipelineDraft& draft);
void check_events(Decoder& decoder, const PipelineDraft& draft);
void check_cascades(Decoder& decoder, const PipelineDraft& draft);
void check_documents(Decoder& decoder, const PipelineDraft& draft);
void check_sinks(Decoder& decoder, const PipelineDraft& draft);

// What `source` or `sources` hold, each with its path in the file.
struct PlacedSource {
  std::string path;
  const SourceDraft* source;
};
std::vector<PlacedSource> sources_of(const PipelineDraft& draft);

// Reports a use of a column that tables.T.exclude leaves out. `path` is where it is used: a scalar,
// a list or a mapping that names it.
void check_not_excluded(Decoder& decoder, const PipelineDraft& draft, std::string_view table,
                        std::string_view column, const std::string& path);

}  // namespace tailrace::config
