#include "stream/embedded/embedded_log.hpp"

#include <fmt/format.h>

#include "stream/embedded/embedded_member.hpp"
#include "stream/embedded/log_storage.hpp"

namespace tailrace::stream {
namespace embedded {
namespace {

// A record travels whole through memory a few times; larger ones go in parts.
constexpr std::size_t largest_value_bytes = std::size_t{8} << 20;
constexpr std::size_t poll_bytes = std::size_t{1} << 20;

class EmbeddedWriter final : public LogWriter {
 public:
  EmbeddedWriter(LogStorage& storage, WriterTicket ticket)
      : storage_(storage), ticket_(std::move(ticket)) {}

  Result<void> append(const Append& record) override {
    TAILRACE_ASSIGN(Topic * topic, find(record));
    set_.add(topic, record);
    return {};
  }

  Result<void> commit() override {
    const Result<void> written = storage_.write(set_, &ticket_, nullptr);
    set_.clear();
    return written;
  }

 private:
  // Records come in runs of one topic.
  Result<Topic*> find(const Append& record) {
    if (topic_ == nullptr || topic_->spec.name != record.topic ||
        record.partition >= topic_->spec.partitions) {
      TAILRACE_ASSIGN(topic_, storage_.find(record.topic, record.partition));
    }
    return topic_;
  }

  LogStorage& storage_;
  const WriterTicket ticket_;
  WriteSet set_;
  Topic* topic_ = nullptr;
};

class EmbeddedReader final : public TopicReader {
 public:
  EmbeddedReader(LogStorage& storage, Place place) : storage_(storage), place_(place) {}

  Result<std::span<const Record>> poll(Deadline deadline) override {
    buffer_.clear();
    // Compaction may leave nothing below the end: then wait for more.
    while (buffer_.records.empty() && storage_.wait_for_records({&place_, 1}, deadline)) {
      TAILRACE_TRY(storage_.read(place_, poll_bytes, buffer_));
    }
    return std::span<const Record>(buffer_.records);
  }
  Offset position() const override { return place_.position; }
  Result<Bounds> bounds() override { return storage_.bounds(*place_.topic, place_.partition); }

 private:
  LogStorage& storage_;
  Place place_;
  RecordBuffer buffer_;
};

class EmbeddedLog final : public EventLog {
 public:
  explicit EmbeddedLog(std::unique_ptr<LogStorage> storage) : storage_(std::move(storage)) {}

  bool keeps_state() const override { return false; }

  Result<void> ensure_topics(std::span<const TopicSpec> topics) override {
    return storage_->ensure_topics(topics);
  }

  Result<std::unique_ptr<LogWriter>> open_writer(std::string_view transactional_id) override {
    return std::make_unique<EmbeddedWriter>(*storage_, storage_->new_writer(transactional_id));
  }

  Result<std::unique_ptr<TopicReader>> open_reader(std::string_view topic, Partition partition,
                                                   Offset from, Isolation) override {
    TAILRACE_ASSIGN(const Topic* found, storage_->find(topic, partition));
    return std::make_unique<EmbeddedReader>(*storage_, Place{found, partition, from});
  }

  Result<std::unique_ptr<GroupMember>> join(const GroupOptions& options) override {
    TAILRACE_ASSIGN(Topic * topic, storage_->find(options.topic, 0));
    TAILRACE_TRY(storage_->claim_group(*topic, options.group));
    return std::make_unique<EmbeddedMember>(*storage_, *topic, options.group);
  }

  std::size_t max_record_bytes() const override { return largest_value_bytes; }

 private:
  std::unique_ptr<LogStorage> storage_;
};

}  // namespace
}  // namespace embedded

Result<std::unique_ptr<EventLog>> open_embedded(const EmbeddedOptions& options) {
  TAILRACE_ASSIGN(auto storage, embedded::LogStorage::open(options));
  return std::make_unique<embedded::EmbeddedLog>(std::move(storage));
}

}  // namespace tailrace::stream
