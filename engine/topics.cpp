#include "engine/topics.hpp"

namespace tailrace::engine {

std::vector<stream::TopicSpec> topics_of_plan(std::string_view pipeline,
                                              const transform::PipelinePlan& plan,
                                              stream::Partition partitions, bool with_state) {
  std::vector<stream::TopicSpec> topics;
  for (const transform::DocumentPlan& document : plan.documents) {
    topics.push_back(
        {change_topic(pipeline, document.name), partitions, stream::Retention::by_time});
    if (!with_state) continue;
    topics.push_back(
        {state_topic(pipeline, document.name), partitions, stream::Retention::compacted});
  }
  for (const transform::LookupTable& lookup : plan.lookups)
    topics.push_back({lookup_topic(pipeline, lookup.table), 1, stream::Retention::compacted});
  return topics;
}

}  // namespace tailrace::engine
