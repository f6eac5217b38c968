#include "transform/state/rocks_store.hpp"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace tailrace::transform {

namespace {

constexpr std::array<const char*, 5> family_names = {"root", "edge", "meta", "pending", "view"};

Failure failed(const rocksdb::Status& status, const std::string& path) {
  const bool corrupt = status.IsCorruption();
  return halt(corrupt ? "state.corrupt" : "state.io",
              fmt::format("the local store {} failed: {}{}", path, status.ToString(),
                          status.IsNoSpace() ? "; free some space on its disk" : ""));
}

rocksdb::Slice slice(std::string_view view) { return {view.data(), view.size()}; }
std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// A memtable takes a run of rising keys at a fraction of the cost of keys in any order. Of changes
// of one key the last one wins: it is the only one that stays.
std::vector<const StoreBatch::Change*> in_key_order(const StoreBatch& batch) {
  std::vector<const StoreBatch::Change*> order;
  order.reserve(batch.changes().size());
  for (const StoreBatch::Change& change : batch.changes()) order.push_back(&change);
  const auto place = [](const StoreBatch::Change* change) {
    return std::pair<Family, const std::string&>(change->family, change->key);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const auto* a, const auto* b) { return place(a) < place(b); });
  // Backwards, unique() keeps the last of each run.
  const auto kept = std::unique(order.rbegin(), order.rend(),
                                [&](const auto* a, const auto* b) { return place(a) == place(b); });
  order.erase(order.begin(), kept.base());
  return order;
}

class RocksStore final : public KeyValueStore {
 public:
  RocksStore(std::string path, rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> families)
      : path_(std::move(path)), db_(db), families_(std::move(families)) {}

  ~RocksStore() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
    db_->Close();
  }

  Result<bool> get(Family family, std::string_view key, std::string& value) override {
    rocksdb::PinnableSlice found;
    const auto status = db_->Get(rocksdb::ReadOptions(), handle(family), slice(key), &found);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return failed(status, path_);
    value.assign(found.data(), found.size());
    return true;
  }

  Result<void> write(const StoreBatch& batch) override {
    rocksdb::WriteBatch writes(batch.bytes() + batch.changes().size() * 16);
    for (const StoreBatch::Change* change : in_key_order(batch)) {
      const auto status = change->value
                              ? writes.Put(handle(change->family), change->key, *change->value)
                              : writes.Delete(handle(change->family), change->key);
      if (!status.ok()) return failed(status, path_);
    }
    const auto status = db_->Write(rocksdb::WriteOptions(), &writes);
    if (!status.ok()) return failed(status, path_);
    return {};
  }

  Result<void> sync() override {
    const auto status = db_->SyncWAL();
    if (!status.ok()) return failed(status, path_);
    return {};
  }

  Result<void> scan(Family family, std::string_view from, const Visitor& visit) override {
    const std::unique_ptr<rocksdb::Iterator> at(
        db_->NewIterator(rocksdb::ReadOptions(), handle(family)));
    for (at->Seek(slice(from)); at->Valid(); at->Next()) {
      if (!visit(view(at->key()), view(at->value()))) return {};
    }
    if (!at->status().ok()) return failed(at->status(), path_);
    return {};
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }

  std::string path_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by Family
};

class RocksFactory final : public StoreFactory {
 public:
  explicit RocksFactory(RocksOptions options)
      : options_(std::move(options)),
        cache_(rocksdb::NewLRUCache(options_.cache_bytes)),
        buffers_(std::make_shared<rocksdb::WriteBufferManager>(options_.write_buffer_bytes)) {}

  Result<std::unique_ptr<KeyValueStore>> open(const std::string& name) override {
    const std::string path = options_.directory + "/" + name;
    TAILRACE_TRY(clear(removed(path)));
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return halt("state.io", fmt::format("cannot create {}: {}", path, error.message()));
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options());
    for (const char* family : family_names) descriptors.emplace_back(family, family_options());
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const auto status = rocksdb::DB::Open(database_options(), path, descriptors, &handles, &db);
    if (!status.ok()) return failed(status, path);
    db->DestroyColumnFamilyHandle(handles[0]);
    handles.erase(handles.begin());
    return std::make_unique<RocksStore>(path, db, std::move(handles));
  }

  // At once, by another name: half of a store must never be opened again as the whole, or refused.
  Result<void> remove(const std::string& name) override {
    const std::string path = options_.directory + "/" + name;
    TAILRACE_TRY(clear(removed(path)));
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return {};
    std::filesystem::rename(path, removed(path), error);
    if (error) return halt("state.io", fmt::format("cannot remove {}: {}", path, error.message()));
    return clear(removed(path));
  }

 private:
  static std::string removed(const std::string& path) { return path + ".removed"; }

  static Result<void> clear(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return halt("state.io", fmt::format("cannot remove {}: {}", path, error.message()));
    return {};
  }

  rocksdb::DBOptions database_options() const {
    rocksdb::DBOptions options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.write_buffer_manager = buffers_;
    options.max_total_wal_size = 64u << 20;
    options.keep_log_file_num = 2;
    options.max_background_jobs = 2;
    options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
    // One thread writes each store: its memtables take runs of rising keys without a search.
    options.allow_concurrent_memtable_write = false;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    return options;
  }

  rocksdb::ColumnFamilyOptions family_options() const {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache_;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;
    // In pieces: the index and the filter of a whole file would push each other out of the cache,
    // and a read of one root would read and unpack them again.
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
    table.pin_top_level_index_and_filter = true;
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.write_buffer_size = 16u << 20;
    // Many small stores: their first memory blocks must not add up to more than their contents.
    options.arena_block_size = 128u << 10;
    options.compression = rocksdb::kLZ4Compression;
    // Orders that change lie anywhere among those that do not. In levels, each of them would have
    // its neighbours written again and again, the more often the more there are.
    options.compaction_style = rocksdb::kCompactionStyleUniversal;
    options.compaction_options_universal.max_size_amplification_percent = 75;
    options.compaction_options_universal.size_ratio = 20;
    options.level0_file_num_compaction_trigger = 6;
    return options;
  }

  RocksOptions options_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> buffers_;
};

}  // namespace

std::unique_ptr<StoreFactory> rocks_stores(RocksOptions options) {
  return std::make_unique<RocksFactory>(std::move(options));
}

}  // namespace tailrace::transform
