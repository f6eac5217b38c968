#include "stream/kafka/kafka_member.hpp"

#include <fmt/format.h>

#include "core/assert.hpp"
#include "core/log.hpp"

namespace tailrace::stream::kafka {
namespace {

constexpr int first_that_destroys = 0x02030000;
constexpr Milliseconds leave_patience{3000};
constexpr Milliseconds restore_patience{60'000};  // without progress
constexpr Milliseconds fenced_by_itself{60'000};  // so long after a break
constexpr Milliseconds laggard_pause{10};         // behind the end and nothing comes
constexpr Milliseconds longest_wait{100};         // the group is served at least so often

std::vector<Partition> numbers(const rd_kafka_topic_partition_list_t& partitions) {
  std::vector<Partition> out;
  for (int i = 0; i < partitions.cnt; ++i) out.push_back(partitions.elems[i].partition);
  return out;
}

bool has_assignment(rd_kafka_t* client) {
  rd_kafka_topic_partition_list_t* raw = nullptr;
  if (rd_kafka_assignment(client, &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  const PartitionList assignment(raw);
  return assignment->cnt > 0;
}

// librdkafka copies metadata only through its bytes.
GroupMetadata copy(const rd_kafka_consumer_group_metadata_t& metadata) {
  void* bytes = nullptr;
  std::size_t size = 0;
  rd_kafka_consumer_group_metadata_t* copied = nullptr;
  const ErrorHandle unwritten(rd_kafka_consumer_group_metadata_write(&metadata, &bytes, &size));
  TAILRACE_ASSERT(!unwritten);
  const ErrorHandle unread(rd_kafka_consumer_group_metadata_read(&copied, bytes, size));
  rd_kafka_mem_free(nullptr, bytes);
  TAILRACE_ASSERT(!unread);
  return GroupMetadata(copied);
}

}  // namespace

Result<std::unique_ptr<KafkaMember>> KafkaMember::join(const MemberContext& context,
                                                       const GroupOptions& options) {
  std::unique_ptr<KafkaMember> member(new KafkaMember(context, options));
  TAILRACE_TRY(member->open());
  return member;
}

Result<void> KafkaMember::open() {
  const auto prepare = [&](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
  };
  const KafkaOptions& kafka = context_.config.options();
  TAILRACE_ASSIGN(
      membership_,
      context_.config.consumer(
          {{"group.id", options_.group},
           {"group.instance.id", options_.instance_id},
           {"partition.assignment.strategy", "cooperative-sticky"},
           {"session.timeout.ms", std::to_string(kafka.session_timeout.count())},
           // Partitions that move are read by nobody until each member has learned, with a
           // heartbeat, that their old owner gave them back.
           {"heartbeat.interval.ms", std::to_string(kafka.session_timeout.count() / 50)},
           {"max.poll.interval.ms", "600000"},
           // Nothing is fetched here; asked for bounds, it tells the high watermark.
           {"isolation.level", "read_uncommitted"},
           {"queued.min.messages", "1"}},
          prepare));
  rd_kafka_poll_set_consumer(membership_.get());
  membership_queue_.reset(rd_kafka_queue_get_consumer(membership_.get()));
  wakeup_.connect(membership_queue_.get());
  TAILRACE_ASSIGN(appender_, Appender::open(context_.config, options_.topic, wakeup_));
  committer_ = std::make_unique<Committer>(context_.config, options_, wakeup_);
  group_watch_ = std::make_unique<GroupWatch>(membership_.get(), options_);
  return subscribe();
}

Result<void> KafkaMember::subscribe() {
  const PartitionList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(membership_.get(), topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failure(code, "joining " + options_.group);
  return {};
}

KafkaMember::~KafkaMember() {
  committer_.reset();
  batch_.clear();
  assigned_.clear();
  if (membership_queue_) Wakeup::disconnect(membership_queue_.get());
  membership_queue_.reset();
  // Without it, destroying waits for ever when a rebalance has not been answered yet. Closing a
  // static member does not leave the group.
  if (membership_ && !std::exchange(left_, true)) rd_kafka_consumer_close(membership_.get());
  // librdkafka before 2.3 aborts in destroying a consumer that has joined and was given nothing yet
  // (its issue 4312). Closed, it only waits for the process to end.
  if (!ever_shared_ && rd_kafka_version() < first_that_destroys) {
    log_warn("kafka.member_kept", {{"group", options_.group}});
    [[maybe_unused]] const rd_kafka_t* kept = membership_.release();
  }
}

// A static member that only closes keeps its place until the session ends; unsubscribing leaves.
void KafkaMember::leave() noexcept {
  if (left_ || !membership_) return;
  left_ = true;
  ended_ = retry("log.left", "this worker has left group " + options_.group).value();
  batch_.clear();
  assigned_.clear();
  metadata_.reset();
  rd_kafka_unsubscribe(membership_.get());
  const Deadline deadline = system_clock().now() + leave_patience;
  rebalanced_ = false;
  while (!rebalanced_ && has_assignment(membership_.get()) && system_clock().now() < deadline) {
    const MessageHandle dropped(rd_kafka_consumer_poll(membership_.get(), 20));
  }
  rd_kafka_consumer_close(membership_.get());  // waits for the answer to leaving
}

void KafkaMember::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code,
                               rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto& member = *static_cast<KafkaMember*>(self);
  member.rebalanced_ = true;
  member.ever_shared_ = true;
  member.group_watch_->assignment_changed(system_clock().now());
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    member.assign(*partitions);
  } else {
    member.revoke(*partitions);
  }
}

// A client that is being closed may never answer.
void KafkaMember::ask_metadata() {
  if (!left_) metadata_.reset(rd_kafka_consumer_group_metadata(membership_.get()));
}

void KafkaMember::assign(rd_kafka_topic_partition_list_t& partitions) {
  committed_.clear();
  ask_metadata();
  for (int i = 0; i < partitions.cnt; ++i) partitions.elems[i].offset = RD_KAFKA_OFFSET_END;
  const ErrorHandle error(rd_kafka_incremental_assign(membership_.get(), &partitions));
  rd_kafka_pause_partitions(membership_.get(), &partitions);
  const std::vector<Partition> added = numbers(partitions);
  // None: a new generation in which nothing changed for us.
  if (!added.empty())
    log_info("kafka.assigned", {{"group", options_.group}, {"partitions", added.size()}});
  for (const Partition partition : added) assigned_.try_emplace(partition);
  if (listener_ != nullptr) listener_->on_assigned(added);
}

void KafkaMember::revoke(rd_kafka_topic_partition_list_t& partitions) {
  committed_.clear();
  const bool lost = rd_kafka_assignment_lost(membership_.get()) != 0;
  // The rest of this generation's assignment is still ours, and so is this until we give it back.
  metadata_.reset();
  if (!lost) ask_metadata();
  const std::vector<Partition> gone = numbers(partitions);
  log_info("kafka.revoked",
           {{"group", options_.group}, {"partitions", gone.size()}, {"lost", lost ? 1 : 0}});
  if (listener_ != nullptr && !gone.empty()) listener_->on_revoked(gone, lost);
  for (const Partition partition : gone) assigned_.erase(partition);
  const ErrorHandle error(rd_kafka_incremental_unassign(membership_.get(), &partitions));
}

void KafkaMember::on_error(rd_kafka_t*, int code, const char* reason, void* self) {
  auto& member = *static_cast<KafkaMember*>(self);
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
      code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    member.disconnected_at_ = system_clock().now();
  }
  log_debug("kafka.error", {{"group", member.options_.group}, {"message", reason}});
}

// A static member whose broker dies, or does not answer, while it joins does not learn its new
// member id and is then fenced by itself; only without such a break has another worker taken its
// name.
Failure KafkaMember::ended_by(const rd_kafka_message_t& message) const {
  const char* text = rd_kafka_message_errstr(&message);
  if (message.err != RD_KAFKA_RESP_ERR__FATAL) {
    return failure(message.err, fmt::format("group {}: {}", options_.group, text));
  }
  if (system_clock().now() - disconnected_at_ < fenced_by_itself) {
    return retry("log.member_lost",
                 fmt::format("group {}: lost with the connection ({})", options_.group, text));
  }
  return halt("log.fenced", fmt::format("another worker has joined {} as {} ({})", options_.group,
                                        options_.instance_id, text));
}

// True: the group did something the caller may want to act on.
bool KafkaMember::serve_group(AssignmentListener& listener) {
  listener_ = &listener;
  rebalanced_ = false;
  while (!ended_) {
    const MessageHandle message(rd_kafka_consumer_poll(membership_.get(), 0));
    if (!message) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;            // fetched before the pause
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) continue;  // we do not read here
    const Failure found = ended_by(*message);
    const bool fatal = message->err == RD_KAFKA_RESP_ERR__FATAL;
    if (fatal || found.value().disposition == Disposition::halt) ended_ = found.value();
    log_debug("kafka.group", {{"message", found.value().message}});
  }
  listener_ = nullptr;
  if (!ended_ && group_watch_->should_rejoin(system_clock().now())) rejoin();
  return rebalanced_;
}

// Leaves and joins again; what it had is revoked by the polls that follow.
void KafkaMember::rejoin() {
  log_info("kafka.rejoining", {{"group", options_.group}});
  rd_kafka_unsubscribe(membership_.get());
  if (const Result<void> joined = subscribe(); !joined) ended_ = joined.error();
}

Result<std::span<const Record>> KafkaMember::poll(Deadline deadline, AssignmentListener& listener) {
  batch_.clear();
  const Deadline began = system_clock().now();
  while (true) {
    const bool rebalanced = serve_group(listener);
    if (ended_) return Failure(*ended_);
    TAILRACE_TRY(take_records());
    const Deadline now = system_clock().now();
    if (rebalanced || !batch_.records().empty() || now >= deadline) break;
    if (committer_->has_outcome() || appender_->has_reports()) break;
    bool behind = false;
    for (const auto& [partition, assigned] : assigned_) {
      behind = behind || (assigned.fetch && !assigned.paused && !assigned.fetch->at_end());
    }
    const Deadline pause = now + (behind ? laggard_pause : longest_wait);
    const bool signalled = wakeup_.wait(std::min(deadline, pause));
    if (!signalled && behind && system_clock().now() - began > laggard_pause) nudge_laggards();
  }
  return batch_.records();
}

// Each poll begins behind the partition that was read last, so that a full one starves nobody.
Result<void> KafkaMember::take_records() {
  auto next = assigned_.upper_bound(last_read_);
  for (std::size_t i = 0; i < assigned_.size() && !batch_.full(); ++i) {
    if (next == assigned_.end()) next = assigned_.begin();
    auto& [partition, assigned] = *next++;
    if (!assigned.fetch || assigned.paused) continue;
    last_read_ = partition;
    TAILRACE_TRY(assigned.fetch->take(batch_));
  }
  return {};
}

void KafkaMember::nudge_laggards() {
  for (const auto& [partition, assigned] : assigned_) {
    if (assigned.fetch && !assigned.paused && !assigned.fetch->at_end()) assigned.fetch->nudge();
  }
}

// A worker takes its partitions over one after another: the first asks for all of them.
Result<std::optional<Committed>> KafkaMember::fetch_committed(Partition partition) {
  auto known = committed_.find(partition);
  if (known == committed_.end()) {
    std::vector<Partition> wanted{partition};
    for (const auto& [other, assigned] : assigned_) {
      if (other != partition && !assigned.fetch) wanted.push_back(other);
    }
    TAILRACE_ASSIGN(committed_,
                    kafka::fetch_committed(membership_.get(), options_.group, options_.topic,
                                           wanted, context_.config.call_deadline()));
    known = committed_.find(partition);
  }
  Result<std::optional<Committed>> outcome = std::move(known->second);
  committed_.erase(known);
  return outcome;
}

Result<Bounds> KafkaMember::bounds(Partition partition) {
  // On this client nothing is fetched: there, a question waits behind a fetch that waits for data.
  return query_bounds(membership_.get(), options_.topic, partition,
                      context_.config.call_deadline());
}

Result<void> KafkaMember::start(Partition partition, Offset offset) {
  TAILRACE_ASSIGN(const Bounds held, bounds(partition));
  if (offset < held.start || offset > held.end) {
    return halt("log.out_of_range",
                fmt::format("{}/{}: offset {} is not in the log, which holds {} to {}",
                            options_.topic, partition, offset, held.start, held.end));
  }
  const auto assigned = assigned_.find(partition);
  TAILRACE_ASSERT(assigned != assigned_.end());
  assigned->second.fetch.reset();  // a client fetches a partition once
  TAILRACE_ASSIGN(assigned->second.fetch,
                  context_.changes.open(options_.topic, partition, offset, wakeup_));
  assigned->second.paused = false;
  return {};
}

Result<void> KafkaMember::pause(Partition partition) {
  if (const auto found = assigned_.find(partition); found != assigned_.end()) {
    found->second.paused = true;
  }
  return {};
}

Result<void> KafkaMember::resume(Partition partition) {
  if (const auto found = assigned_.find(partition); found != assigned_.end()) {
    found->second.paused = false;
  }
  return {};
}

Result<void> KafkaMember::restore(Partition partition, const StateVisitor& each) {
  // The high watermark: an undecided transaction of an earlier owner must be waited for.
  TAILRACE_ASSIGN(const Bounds held, query_bounds(membership_.get(), options_.state_topic,
                                                  partition, context_.config.call_deadline()));
  if (held.start == held.end) return {};
  Wakeup wakeup;
  TAILRACE_ASSIGN(auto fetch,
                  context_.state.open(options_.state_topic, partition, held.start, wakeup));
  MessageBatch records;
  Deadline deadline = system_clock().now() + restore_patience;
  while (fetch->position() < held.end) {
    records.clear();
    const Offset before = fetch->position();
    TAILRACE_TRY(fetch->take(records));
    for (const Record& record : records.records()) {
      if (record.offset < held.end) each(record.key, record.value);
    }
    if (fetch->position() > before) {
      deadline = system_clock().now() + restore_patience;
      continue;
    }
    if (system_clock().now() >= deadline) {
      return retry("log.unstable", fmt::format("{}/{}: nothing readable after offset {} of {}",
                                               options_.state_topic, partition, before, held.end));
    }
    const bool signalled = wakeup.wait(std::min(deadline, system_clock().now() + laggard_pause));
    if (!signalled && !fetch->at_end()) fetch->nudge();
  }
  return {};
}

Result<std::uint64_t> KafkaMember::append(Partition partition, std::string_view key,
                                          std::string_view value) {
  return appender_->append(partition, key, value);
}

Result<std::vector<AppendAck>> KafkaMember::acknowledged() { return appender_->acknowledged(); }

Result<void> KafkaMember::begin_commit(CommitBatch batch) {
  if (ended_) return Failure(*ended_);
  committed_.clear();
  bool ours = metadata_ != nullptr;
  for (const OffsetCommit& commit : batch.offsets) {
    ours = ours && assigned_.contains(commit.partition);
  }
  if (!ours) {
    committer_->refuse(
        retry("log.commit_refused", "a partition is not this worker's any more").value());
    return {};
  }
  committer_->begin(std::move(batch), copy(*metadata_));
  return {};
}

std::optional<Result<void>> KafkaMember::poll_commit(Deadline deadline) {
  if (!committer_->busy()) return std::nullopt;
  return committer_->outcome(deadline);
}

}  // namespace tailrace::stream::kafka
