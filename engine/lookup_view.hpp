// Everything the lookup logs say, in a local store: the broadcast side of a join. One projector
// owns one view, so "put before post" (R9) is the order of two statements.
// Threading: one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.hpp"
#include "stream/event_log.hpp"
#include "transform/projection/change_record.hpp"
#include "transform/state/key_value_store.hpp"

namespace tailrace::engine {

struct LookupValue {
  Token token;
  bool gone = false;
  std::uint8_t source = 0;
  std::int64_t commit_time_us = 0;
  std::string gtid;
  std::string values;  // slots of the LookupTable
};

struct LookupChangeSeen {
  std::uint16_t table = 0;
  stream::Offset offset = 0;
  std::uint8_t source = 0;
  std::uint16_t key_set = 0;
  std::string key;
  bool every_key = false;  // the source emptied the table; key_set and key say nothing
};

class LookupView {
 public:
  LookupView(const transform::PipelinePlan& plan, std::unique_ptr<transform::KeyValueStore> store)
      : plan_(plan), store_(std::move(store)) {}

  // Opens a reader per table behind what the store has. A store made from another log is refused:
  // error halt "view.foreign"; remove it and open a new one.
  Result<void> open(stream::EventLog& log, std::string_view pipeline, const std::string& log_id,
                    const std::vector<bool>& tables_used);

  using Post = std::function<Result<void>(const LookupChangeSeen&)>;
  // Puts what has arrived into the store, then tells each change. True: there was something.
  Result<bool> poll(const Post& post);
  // Tells the changes of `table` from `from` up to position() again, for a partition that was taken
  // over. Several partitions ask for about the same changes: those of late are kept in memory.
  Result<void> replay(std::uint16_t table, stream::Offset from, const Post& post);

  // nullptr: never seen. Valid until the next call.
  Result<const LookupValue*> find(std::uint16_t table, std::uint8_t source, std::uint16_t key_set,
                                  std::string_view key);

  // Next offset of the table's log to be read; everything below is in the store.
  stream::Offset position(std::uint16_t table) const { return tables_[table].position; }
  // By source, the GTID set of its last progress record seen in the table's log.
  const std::map<std::uint8_t, std::string>& progress(std::uint16_t table) const {
    return tables_[table].progress;
  }
  const std::vector<std::uint8_t>& sources(std::uint16_t table) const {
    return plan_.lookups[table].sources;
  }
  bool used(std::uint16_t table) const { return tables_[table].reader != nullptr; }
  const std::string& name(std::uint16_t table) const { return plan_.lookups[table].table; }
  std::size_t tables() const { return tables_.size(); }

 private:
  struct Table {
    std::unique_ptr<stream::TopicReader> reader;
    stream::Offset position = 0;
    std::map<std::uint8_t, std::string> progress;
    stream::Offset last_change = -1;      // of a row; what follows it is progress only
    std::deque<LookupChangeSeen> recent;  // every change from recent_from on
    stream::Offset recent_from = 0;
    // When a source emptied the table: what it says is gone since, though stored.
    std::map<std::uint8_t, LookupValue> swept;
  };
  Result<void> put(std::uint16_t table, const stream::Record& record, transform::StoreBatch& batch);
  Result<bool> poll_table(std::uint16_t table, const Post& post);
  Result<void> recall(std::uint16_t table, stream::Offset from);
  Result<void> open_table(std::uint16_t table);
  Result<void> load_sweeps(std::uint16_t table);
  // `value`, or that it is gone.
  const LookupValue* current(std::uint16_t table, const LookupValue& value) const;

  const transform::PipelinePlan& plan_;
  std::unique_ptr<transform::KeyValueStore> store_;
  stream::EventLog* log_ = nullptr;
  std::string pipeline_;
  std::vector<Table> tables_;
  // Hot values; forgotten as a whole when over its budget.
  std::unordered_map<std::string, std::optional<LookupValue>> cache_;
  std::size_t cache_bytes_ = 0;
};

}  // namespace tailrace::engine
