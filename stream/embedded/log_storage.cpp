#include "stream/embedded/log_storage.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/table.h>

#include "core/assert.hpp"

namespace tailrace::stream::embedded {
namespace {

constexpr std::size_t write_buffer_bytes = std::size_t{16} << 20;
constexpr std::size_t block_cache_bytes = std::size_t{8} << 20;
constexpr std::uint64_t max_wal_bytes = std::uint64_t{64} << 20;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

Failure storage_failure(const std::string& path, const rocksdb::Status& status) {
  return halt("log.storage",
              fmt::format("{}: {}; check the disk's space and health, then start again", path,
                          status.ToString()));
}

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.db_write_buffer_size = write_buffer_bytes;
  options.max_total_wal_size = max_wal_bytes;
  options.max_open_files = 128;
  options.keep_log_file_num = 2;
  options.max_log_file_size = std::size_t{1} << 20;
  // A torn record at the end was never promised; damage before it must not pass silently.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = write_buffer_bytes / 2;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = std::size_t{16} << 10;
  table.cache_index_and_filter_blocks = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

Result<std::unique_ptr<LogStorage>> LogStorage::open(const EmbeddedOptions& options) {
  std::unique_ptr<LogStorage> storage(new LogStorage(options));
  TAILRACE_TRY(storage->open_database());
  TAILRACE_TRY(storage->load());
  return storage;
}

LogStorage::~LogStorage() {
  keys_.reset();
  records_.reset();
  meta_.reset();
}

Result<void> LogStorage::open_database() {
  std::error_code failed;
  std::filesystem::create_directories(options_.path, failed);
  if (failed) {
    return halt("log.storage", fmt::format("{}: {}", options_.path, failed.message()));
  }
  const auto family = family_options(rocksdb::NewLRUCache(block_cache_bytes));
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, family}, {"records", family}, {"keys", family}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(database_options(), options_.path, families, &handles, &db);
  if (!status.ok()) {
    const std::string text = status.ToString();
    if (status.IsIOError() && text.find("lock") != std::string::npos) {
      return halt("log.locked",
                  fmt::format("{} is in use by another tailrace process; stop that one, or give "
                              "this one another state.dir",
                              options_.path));
    }
    return storage_failure(options_.path, status);
  }
  db_.reset(db);
  meta_.reset(handles[0]);
  records_.reset(handles[1]);
  keys_.reset(handles[2]);
  return {};
}

Result<void> LogStorage::load() {
  std::string version;
  const rocksdb::Status found = db_->Get({}, meta_.get(), "v", &version);
  if (found.IsNotFound()) {
    Batch batch;
    std::string value;
    append_fixed(value, format_version);
    batch.writes.Put(meta_.get(), "v", value);
    return store(batch);
  }
  if (!found.ok()) return storage_failure(options_.path, found);
  if (const auto number = ByteReader(version).fixed<std::uint32_t>(); number != format_version) {
    return halt("log.version",
                fmt::format("{} was written in format {}; this program knows format {}: run the "
                            "version that wrote it",
                            options_.path, number, format_version));
  }
  // Topics ('t') sort behind what refers to them ('c', 'e', 'g', 's'): two passes.
  for (const bool topics : {true, false}) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, meta_.get()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if ((it->key()[0] == 't') == topics) load_entry(view(it->key()), view(it->value()));
    }
    if (!it->status().ok()) return storage_failure(options_.path, it->status());
  }
  return {};
}

void LogStorage::load_entry(std::string_view key, std::string_view value) {
  const char kind = key[0];
  key.remove_prefix(1);
  ByteReader in(value);
  if (kind == 't') {
    auto topic = std::make_unique<Topic>();
    topic->id = in.fixed<std::uint32_t>();
    topic->spec.name = std::string(key);
    topic->spec.partitions = in.fixed<Partition>();
    topic->spec.retention = static_cast<Retention>(in.byte());
    topic->next.resize(static_cast<std::size_t>(topic->spec.partitions));
    topic->bounds.resize(topic->next.size());
    topics_.emplace(std::string(key), std::move(topic));
    return;
  }
  if (kind != 'c' && kind != 'e' && kind != 'g' && kind != 's') return;
  Topic* topic = topic_by_id(read_big_endian<std::uint32_t>(key));
  TAILRACE_ASSERT(topic != nullptr);
  key.remove_prefix(4);
  if (kind == 'g') {
    topic->groups[std::string(key)].resize(topic->next.size());
    return;
  }
  const auto partition = static_cast<std::size_t>(read_big_endian<Partition>(key));
  TAILRACE_ASSERT(partition < topic->next.size());
  const auto offset = in.fixed<Offset>();
  if (kind == 'e') topic->next[partition] = topic->bounds[partition].end = offset;
  if (kind == 's') topic->bounds[partition].start = offset;
  if (kind == 'c') {
    auto& committed = topic->groups[std::string(key.substr(4))];
    committed.resize(topic->next.size());
    committed[partition] = offset;
  }
}

Topic* LogStorage::topic_by_id(std::uint32_t id) {
  for (const auto& [name, topic] : topics_) {
    if (topic->id == id) return topic.get();
  }
  return nullptr;
}

Result<void> LogStorage::ensure_topics(std::span<const TopicSpec> specs) {
  for (const TopicSpec& spec : specs) {
    TAILRACE_ASSERT(spec.partitions > 0);
    const std::lock_guard lock(write_mutex_);
    const auto found = topics_.find(spec.name);  // changed under the write lock only
    if (found == topics_.end()) {
      TAILRACE_TRY(create(spec));
    } else if (found->second->spec.partitions != spec.partitions) {
      return halt("log.partitions",
                  fmt::format("topic {} has {} partitions and {} are asked for; the number is "
                              "fixed when the log is made: set it back, or start with an empty "
                              "state.dir",
                              spec.name, found->second->spec.partitions, spec.partitions));
    }
  }
  return {};
}

Result<void> LogStorage::create(const TopicSpec& spec) {
  auto topic = std::make_unique<Topic>();
  for (const auto& [name, other] : topics_) topic->id = std::max(topic->id, other->id + 1);
  topic->spec = spec;
  topic->next.resize(static_cast<std::size_t>(spec.partitions));
  topic->bounds.resize(topic->next.size());
  std::string value;
  append_fixed(value, topic->id);
  append_fixed(value, spec.partitions);
  value.push_back(static_cast<char>(spec.retention));
  Batch batch;
  batch.writes.Put(meta_.get(), "t" + spec.name, value);
  TAILRACE_TRY(store(batch));
  const std::lock_guard lock(read_mutex_);
  topics_.emplace(spec.name, std::move(topic));
  return {};
}

Result<Topic*> LogStorage::find(std::string_view topic, Partition partition) {
  const std::lock_guard lock(read_mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) {
    return halt("log.no_topic", fmt::format("there is no topic {}", topic));
  }
  if (partition < 0 || partition >= found->second->spec.partitions) {
    return halt("log.no_topic", fmt::format("topic {} has no partition {}", topic, partition));
  }
  return found->second.get();
}

Bounds LogStorage::bounds(const Topic& topic, Partition partition) const {
  const std::lock_guard lock(read_mutex_);
  return topic.bounds[static_cast<std::size_t>(partition)];
}

WriterTicket LogStorage::new_writer(std::string_view name) {
  const std::lock_guard lock(write_mutex_);
  return {std::string(name), ++writers_[std::string(name)]};
}

Result<void> LogStorage::write(const WriteSet& set, const WriterTicket* writer,
                               std::vector<Offset>* offsets) {
  const std::lock_guard lock(write_mutex_);
  if (writer != nullptr && writers_.find(writer->name)->second != writer->generation) {
    return halt("log.fenced", fmt::format("a newer writer of {} was opened", writer->name));
  }
  if (set.empty()) return {};
  Batch batch{rocksdb::WriteBatch(set.bytes() + set.entries().size() * 32), {}, {}, {}};
  for (const WriteSet::Entry& entry : set.entries()) {
    if (offsets != nullptr) {
      offsets->push_back(entry.topic->next[static_cast<std::size_t>(entry.partition)]);
    }
    TAILRACE_TRY(add_record(batch, set, entry));
  }
  mark_time(batch);
  return store(batch);
}

// A compacted topic keeps the latest record of a key: the older one goes in the same batch.
Result<void> LogStorage::add_record(Batch& batch, const WriteSet& set,
                                    const WriteSet::Entry& entry) {
  Topic& topic = *entry.topic;
  const Offset offset = topic.next[static_cast<std::size_t>(entry.partition)]++;
  const std::string_view payload = set.payload(entry);
  batch.grown.emplace(&topic, entry.partition);
  batch.writes.Put(records_.get(), record_key(topic.id, entry.partition, offset), slice(payload));
  if (topic.spec.retention != Retention::compacted) return {};
  Record record;
  TAILRACE_ASSERT(read_payload(payload, record));
  const std::string key = partition_key(topic.id, entry.partition).append(record.key);
  const auto [latest, first_in_batch] = batch.latest.try_emplace(key, offset);
  if (first_in_batch) {
    std::string older;
    const rocksdb::Status found = db_->Get({}, keys_.get(), key, &older);
    if (!found.ok() && !found.IsNotFound()) return broken(found);
    if (found.ok()) {
      batch.writes.Delete(records_.get(), record_key(topic.id, entry.partition,
                                                     ByteReader(older).fixed<Offset>()));
    }
  } else {
    batch.writes.Delete(records_.get(), record_key(topic.id, entry.partition, latest->second));
    latest->second = offset;
  }
  batch.writes.Put(keys_.get(), key, offset_value(offset));
  return {};
}

Result<void> LogStorage::store(Batch& batch) {
  if (broken_) return Failure(*broken_);
  for (const auto& [topic, partition] : batch.grown) {
    batch.writes.Put(meta_.get(), meta_key('e', topic->id, partition),
                     offset_value(topic->next[static_cast<std::size_t>(partition)]));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = db_->Write(options, &batch.writes);
  if (!status.ok()) return broken(status);
  {
    const std::lock_guard visible(read_mutex_);
    for (const auto& [topic, partition] : batch.grown) {
      const auto p = static_cast<std::size_t>(partition);
      topic->bounds[p].end = topic->next[p];
    }
    for (const auto& [place, start] : batch.starts) {
      place.first->bounds[static_cast<std::size_t>(place.second)].start = start;
    }
  }
  if (!batch.grown.empty()) grown_.notify_all();
  return {};
}

Failure LogStorage::broken(const rocksdb::Status& status) {
  if (!broken_) broken_ = storage_failure(options_.path, status).value();
  return Failure(*broken_);
}

}  // namespace tailrace::stream::embedded
