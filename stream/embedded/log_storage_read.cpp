#include <algorithm>

#include <fmt/format.h>

#include "stream/embedded/log_storage.hpp"

namespace tailrace::stream::embedded {
namespace {

bool has_more(const Place& place) {
  return place.topic->bounds[static_cast<std::size_t>(place.partition)].end > place.position;
}

}  // namespace

bool LogStorage::wait_for_records(std::span<const Place> places, Deadline deadline) {
  std::unique_lock lock(read_mutex_);
  return grown_.wait_until(lock, deadline,
                           [&] { return std::any_of(places.begin(), places.end(), has_more); });
}

Result<void> LogStorage::read(Place& place, std::size_t max_bytes, RecordBuffer& buffer) {
  const Bounds bounds = this->bounds(*place.topic, place.partition);
  if (place.position < bounds.start) {
    return halt("log.out_of_range",
                fmt::format("{}/{}: offset {} is gone, the log starts at {}",
                            place.topic->spec.name, place.partition, place.position,
                            bounds.start));
  }
  if (place.position >= bounds.end) return {};
  const std::string end = record_key(place.topic->id, place.partition, bounds.end);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, records_.get()));
  it->Seek(record_key(place.topic->id, place.partition, place.position));
  for (; it->Valid() && buffer.bytes < max_bytes; it->Next()) {
    const std::string_view stored(it->value().data(), it->value().size());
    Record record;
    record.partition = place.partition;
    record.offset = read_big_endian<Offset>(std::string_view(it->key().data() + 8, 8));
    if (!read_payload(buffer.arena.copy(stored), record)) {
      return halt("log.storage", fmt::format("{}: record {}/{}/{} cannot be read", options_.path,
                                             place.topic->spec.name, place.partition,
                                             record.offset));
    }
    buffer.records.push_back(record);
    buffer.bytes += stored.size();
    place.position = record.offset + 1;
  }
  if (!it->status().ok()) {
    return halt("log.storage", fmt::format("{}: {}", options_.path, it->status().ToString()));
  }
  if (!it->Valid()) place.position = bounds.end;  // what is left was compacted away
  return {};
}

}  // namespace tailrace::stream::embedded
