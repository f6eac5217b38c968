#include "stream/kafka/group_watch.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/log.hpp"
#include "stream/kafka/topics.hpp"

namespace tailrace::stream::kafka {
namespace {

constexpr Milliseconds longest_wait{60'000};
constexpr Milliseconds metadata_patience{1000};

using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;

// What the broker tells of a group at rest.
struct Sharing {
  std::set<Partition> taken;
  std::size_t before_us = 0;  // members that should rather rejoin
};

Sharing sharing(const rd_kafka_ConsumerGroupDescription_t& group, const GroupOptions& options) {
  Sharing found;
  std::vector<std::tuple<std::size_t, std::string>> members;
  std::tuple<std::size_t, std::string> ours;
  const std::size_t count = rd_kafka_ConsumerGroupDescription_member_count(&group);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* member = rd_kafka_ConsumerGroupDescription_member(&group, i);
    const auto* held =
        rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
    std::size_t size = 0;
    for (int p = 0; held != nullptr && p < held->cnt; ++p) {
      if (options.topic != held->elems[p].topic) continue;
      found.taken.insert(held->elems[p].partition);
      ++size;
    }
    const char* instance = rd_kafka_MemberDescription_group_instance_id(member);
    members.emplace_back(size, instance == nullptr ? "" : instance);
    if (std::get<1>(members.back()) == options.instance_id) ours = members.back();
  }
  found.before_us = static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [&](const auto& m) { return m < ours; }));
  return found;
}

}  // namespace

void GroupWatch::assignment_changed(Deadline now) {
  due_ = now + wait_;
  bad_looks_ = 0;
}

bool GroupWatch::should_rejoin(Deadline now) {
  if (answer_) {
    const EventHandle event(rd_kafka_queue_poll(answer_.get(), 0));
    if (!event) return false;
    answer_.reset();
    const std::optional<bool> bad = read(*event);
    if (!bad || *bad) due_ = now + wait_;
    if (bad) wait_ = *bad ? std::min(2 * wait_, longest_wait) : first_wait;
    return bad && *bad;
  }
  if (due_ && now >= *due_) ask();
  return false;
}

void GroupWatch::ask() {
  due_.reset();
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), admin_request_timeout_ms, nullptr, 0);
  answer_.reset(rd_kafka_queue_new(client_));
  const char* groups[] = {options_.group.c_str()};
  rd_kafka_DescribeConsumerGroups(client_, groups, 1, options.get(), answer_.get());
}

std::optional<bool> GroupWatch::read(const rd_kafka_event_t& event) {
  auto* raw = const_cast<rd_kafka_event_t*>(&event);
  if (rd_kafka_event_error(raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  std::size_t count = 0;
  const auto* groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(raw), &count);
  if (count != 1 || rd_kafka_ConsumerGroupDescription_error(groups[0]) != nullptr) {
    return std::nullopt;
  }
  // A rebalance that is under way ends with a callback, or with somebody's session.
  if (rd_kafka_ConsumerGroupDescription_state(groups[0]) != RD_KAFKA_CONSUMER_GROUP_STATE_STABLE) {
    return std::nullopt;
  }
  if (partitions_ == 0) {
    const auto known =
        partition_count(client_, options_.topic, system_clock().now() + metadata_patience);
    if (!known) return std::nullopt;
    partitions_ = *known;
  }
  const Sharing found = sharing(*groups[0], options_);
  if (found.taken.size() >= static_cast<std::size_t>(partitions_)) {
    bad_looks_ = 0;
    return false;
  }
  log_info("kafka.partitions_of_nobody",
           {{"group", options_.group}, {"taken", found.taken.size()}, {"of", partitions_}});
  return ++bad_looks_ > found.before_us ? std::optional(true) : std::nullopt;
}

}  // namespace tailrace::stream::kafka
