// Takes every write and counts it: the limit that a real sink is measured against.
// Threading: one call at a time; the counters from any thread.
#pragma once

#include <atomic>

#include "sinks/document_sink.hpp"

namespace tailrace::fakes {

class NullDocumentSink final : public sinks::DocumentSink {
 public:
  std::uint64_t documents() const { return documents_; }
  std::uint64_t bytes() const { return bytes_; }

  Result<std::optional<sinks::LogIdentity>> open() override { return identity_; }
  Result<void> set_identity(const sinks::LogIdentity& identity) override {
    identity_ = identity;
    return {};
  }
  Result<std::vector<Result<void>>> apply(std::span<const DocumentWrite> batch) override {
    std::uint64_t bytes = 0;
    for (const DocumentWrite& write : batch) bytes += write.body.size();
    documents_ += batch.size();
    bytes_ += bytes;
    return std::vector<Result<void>>(batch.size());
  }
  Result<std::vector<std::string>> older_than(std::uint16_t, std::size_t) override {
    return std::vector<std::string>();
  }

 private:
  std::optional<sinks::LogIdentity> identity_;
  std::atomic<std::uint64_t> documents_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace tailrace::fakes
