// The records of one transaction, in order, waiting for their offsets.
// Threading: one thread.
#pragma once

#include <string>
#include <vector>

#include "stream/embedded/storage_format.hpp"

namespace tailrace::stream::embedded {

struct Topic;

class WriteSet {
 public:
  struct Entry {
    Topic* topic;
    Partition partition;
    std::size_t begin;  // of the payload
    std::size_t size;
    std::size_t key_size;
  };

  void add(Topic* topic, const Append& record) {
    const std::size_t begin = payloads_.size();
    append_payload(payloads_, record);
    entries_.push_back(
        {topic, record.partition, begin, payloads_.size() - begin, record.key.size()});
  }
  bool empty() const { return entries_.empty(); }
  std::size_t bytes() const { return payloads_.size(); }
  void clear() {
    entries_.clear();
    payloads_.clear();
    if (payloads_.capacity() > kept_bytes) payloads_ = {};
  }

  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view payload(const Entry& entry) const {
    return std::string_view(payloads_).substr(entry.begin, entry.size);
  }

 private:
  static constexpr std::size_t kept_bytes = std::size_t{8} << 20;

  std::string payloads_;
  std::vector<Entry> entries_;
};

}  // namespace tailrace::stream::embedded
