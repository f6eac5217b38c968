// Memory for the texts of one batch of rows: allocated in chunks, freed or reused all at once.
// Threading: one thread at a time.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tailrace {

class Arena {
 public:
  explicit Arena(std::size_t chunk_bytes = 64 * 1024) : chunk_bytes_(chunk_bytes) {}

  // Uninitialised bytes, valid until reset() or destruction.
  char* allocate(std::size_t size) {
    if (size > left_) grow(size);
    char* at = next_;
    next_ += size;
    left_ -= size;
    return at;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  // Gives back the tail of the latest allocate(): `unused` bytes of it were not needed.
  void shrink_last(std::size_t unused) {
    next_ -= unused;
    left_ += unused;
  }

  // Forgets everything; keeps the first chunk for reuse.
  void reset() {
    if (chunks_.empty()) return;
    chunks_.resize(1);
    next_ = chunks_[0].bytes.get();
    left_ = chunks_[0].size;
    reserved_ = left_;
  }

  std::size_t reserved_bytes() const { return reserved_; }

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  void grow(std::size_t size) {
    const std::size_t chunk = size > chunk_bytes_ ? size : chunk_bytes_;
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(chunk), chunk});
    next_ = chunks_.back().bytes.get();
    left_ = chunk;
    reserved_ += chunk;
  }

  std::size_t chunk_bytes_;
  std::vector<Chunk> chunks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace tailrace
