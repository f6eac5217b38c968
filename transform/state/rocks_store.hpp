// The store on RocksDB: one database per name below a directory; they share a block cache and a
// budget for write buffers.
// Threading: the factory from any thread; a store from one.
#pragma once

#include <memory>
#include <string>

#include "transform/state/key_value_store.hpp"

namespace tailrace::transform {

struct RocksOptions {
  std::string directory;
  std::size_t cache_bytes = 32u << 20;         // blocks of all stores together
  std::size_t write_buffer_bytes = 24u << 20;  // of all stores together
};

std::unique_ptr<StoreFactory> rocks_stores(RocksOptions options);

}  // namespace tailrace::transform
