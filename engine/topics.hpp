// A pipeline's topics and their names.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stream/event_log.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::engine {

inline std::string change_topic(std::string_view pipeline, std::string_view document) {
  return std::string(pipeline) + "." + std::string(document) + ".changes";
}
inline std::string state_topic(std::string_view pipeline, std::string_view document) {
  return std::string(pipeline) + "." + std::string(document) + ".state";
}
inline std::string lookup_topic(std::string_view pipeline, std::string_view table) {
  return std::string(pipeline) + "." + std::string(table) + ".lookup";
}
// Where rows of this source belong that carry no key of their root.
inline std::string placement_topic(std::string_view pipeline, std::string_view source) {
  return std::string(pipeline) + "." + std::string(source) + ".placement";
}
inline std::string control_topic(std::string_view pipeline) {
  return std::string(pipeline) + ".positions";
}
inline std::string dead_letter_topic(std::string_view pipeline) {
  return std::string(pipeline) + ".dead";
}

// What the projectors of `plan` read: changes, lookups and, where the log keeps it, state.
// `partitions` of each document.
std::vector<stream::TopicSpec> topics_of_plan(std::string_view pipeline,
                                              const transform::PipelinePlan& plan,
                                              stream::Partition partitions, bool with_state);

// Records of a lookup log that are about no row; a source's name follows. No key set begins so.
inline constexpr std::string_view progress_key_prefix = "\xff progress/";
inline constexpr std::string_view sweep_key_prefix = "\xff sweep/";

}  // namespace tailrace::engine
