// A document store in memory with external versions, and sinks on it that fail as they are told.
// Several sinks may share one store: an owner and a zombie, or a sink that was opened again.
// Threading: every method from any thread.
#pragma once

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sinks/document_sink.hpp"

namespace tailrace::fakes {

class FakeDocumentStore {
 public:
  struct Stored {
    Version version;
    bool deleted = false;
    std::string body;
  };
  struct HistoryEntry {
    DocumentWrite write;
    bool stale = false;  // an equal or newer version was there
  };

  // External-version semantics: true if the store changed.
  bool put(const DocumentWrite& write) {
    const std::lock_guard lock(mutex_);
    Stored& stored = documents_[write.id];
    const bool stale = write.version <= stored.version;
    if (!stale) stored = {write.version, write.deleted, write.body};
    if (keep_history_) history_.push_back({write, stale});
    return !stale;
  }
  std::optional<Stored> find(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    const auto found = documents_.find(id);
    return found == documents_.end() ? std::nullopt : std::optional(found->second);
  }
  // All documents, stubs included, by id.
  std::map<std::string, Stored, std::less<>> documents() const {
    const std::lock_guard lock(mutex_);
    return documents_;
  }
  // Every write that reached the store, in order.
  std::vector<HistoryEntry> history() const {
    const std::lock_guard lock(mutex_);
    return history_;
  }
  void keep_history(bool keep) {
    const std::lock_guard lock(mutex_);
    keep_history_ = keep;
  }
  std::optional<sinks::LogIdentity> identity() const {
    const std::lock_guard lock(mutex_);
    return identity_;
  }
  void set_identity(sinks::LogIdentity identity) {
    const std::lock_guard lock(mutex_);
    identity_ = std::move(identity);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Stored, std::less<>> documents_;
  std::vector<HistoryEntry> history_;
  std::optional<sinks::LogIdentity> identity_;
  bool keep_history_ = true;
};

class FakeDocumentSink final : public sinks::DocumentSink {
 public:
  // When the outcome of a failed call is decided: before anything is stored, or after all of it
  // was and only the answer got lost.
  enum class Fails { before_storing, after_storing };

  // shared_ptr: a store outlives the sinks that come and go on it.
  explicit FakeDocumentSink(std::shared_ptr<FakeDocumentStore> store) : store_(std::move(store)) {}

  // Every call of every method fails until bring_up().
  void take_down(Error error) {
    const std::lock_guard lock(mutex_);
    down_ = std::move(error);
  }
  void bring_up() {
    const std::lock_guard lock(mutex_);
    down_.reset();
  }
  // The n-th apply() from now (1: the next one) fails as a whole.
  void fail_call(std::size_t n, Error error, Fails when = Fails::before_storing) {
    const std::lock_guard lock(mutex_);
    failing_calls_[calls_ + n] = {std::move(error), when};
  }
  // Writes of this document fail, `times` times.
  void fail_id(std::string id, Error error, std::size_t times = 1) {
    const std::lock_guard lock(mutex_);
    failing_ids_[std::move(id)] = {std::move(error), times};
  }
  // Called with each write before it is stored; an error is its outcome.
  void set_filter(std::function<Result<void>(const DocumentWrite&)> filter) {
    const std::lock_guard lock(mutex_);
    filter_ = std::move(filter);
  }
  std::size_t calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  Result<std::optional<sinks::LogIdentity>> open() override {
    const std::lock_guard lock(mutex_);
    if (down_) return Failure(*down_);
    return store_->identity();
  }
  Result<void> set_identity(const sinks::LogIdentity& identity) override {
    const std::lock_guard lock(mutex_);
    if (down_) return Failure(*down_);
    store_->set_identity(identity);
    return {};
  }

  Result<std::vector<Result<void>>> apply(std::span<const DocumentWrite> batch) override {
    const std::lock_guard lock(mutex_);
    ++calls_;
    if (down_) return Failure(*down_);
    const auto failing = failing_calls_.find(calls_);
    const bool fails = failing != failing_calls_.end();
    if (fails && failing->second.second == Fails::before_storing) {
      return Failure(failing->second.first);
    }
    std::vector<Result<void>> outcomes;
    for (const DocumentWrite& write : batch) outcomes.push_back(apply_one(write));
    if (fails) return Failure(failing->second.first);
    return outcomes;
  }

  Result<std::vector<std::string>> older_than(std::uint16_t generation,
                                              std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    if (down_) return Failure(*down_);
    std::vector<std::string> ids;
    for (const auto& [id, stored] : store_->documents()) {
      if (ids.size() == limit) break;
      if (!stored.deleted && stored.version.generation() < generation) ids.push_back(id);
    }
    return ids;
  }

 private:
  Result<void> apply_one(const DocumentWrite& write) {
    if (const auto found = failing_ids_.find(write.id); found != failing_ids_.end()) {
      Error error = found->second.first;
      if (--found->second.second == 0) failing_ids_.erase(found);
      return Failure(std::move(error));
    }
    if (filter_) {
      if (auto outcome = filter_(write); !outcome) return outcome;
    }
    store_->put(write);
    return {};
  }

  std::shared_ptr<FakeDocumentStore> store_;
  mutable std::mutex mutex_;
  std::optional<Error> down_;
  std::map<std::size_t, std::pair<Error, Fails>> failing_calls_;
  std::map<std::string, std::pair<Error, std::size_t>> failing_ids_;
  std::function<Result<void>(const DocumentWrite&)> filter_;
  std::size_t calls_ = 0;
};

// Words are looked for anywhere in the body, ASCII case ignored; hits come in order of their ids.
class FakeDocumentReader final : public sinks::DocumentReader {
 public:
  explicit FakeDocumentReader(std::shared_ptr<FakeDocumentStore> store)
      : store_(std::move(store)) {}

  Result<std::optional<std::string>> get(std::string_view id) override {
    const auto stored = store_->find(id);
    if (!stored || stored->deleted) return std::nullopt;
    return stored->body;
  }

  Result<std::vector<Hit>> search(std::string_view words, std::size_t limit) override {
    std::vector<Hit> hits;
    for (const auto& [id, stored] : store_->documents()) {
      if (hits.size() == limit) break;
      if (!stored.deleted && holds_all(lower(stored.body), lower(words))) {
        hits.push_back({id, stored.body});
      }
    }
    return hits;
  }

 private:
  static std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
  }
  static bool holds_all(const std::string& body, std::string_view words) {
    bool any = false;
    for (std::size_t at = 0; at < words.size();) {
      const std::size_t end = std::min(words.find(' ', at), words.size());
      if (end > at && body.find(words.substr(at, end - at)) == std::string::npos) return false;
      any = any || end > at;
      at = end + 1;
    }
    return any;
  }

  std::shared_ptr<FakeDocumentStore> store_;
};

}  // namespace tailrace::fakes
