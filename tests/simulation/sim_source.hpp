// A MySQL server with a binlog, and the ChangeSource that reads it: GTIDs, a first load beside a
// running server, a connection that breaks, another server that takes over.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "capture/change_source.hpp"
#include "capture/root_reader.hpp"
#include "tests/simulation/shop_model.hpp"

namespace tailrace::simulation {

struct BinlogEntry {
  Gtid gtid;
  Changes changes;                 // empty: a transaction of tables that nobody asked for
  std::optional<Table> emptied{};  // by a statement that logs no rows, though `changes` names them
};

// What read transactions changed that a server which took over never had.
struct LostChanges {
  std::set<std::int64_t> orders;
  std::set<std::pair<Table, std::int64_t>> values;
};

class SimServer {
 public:
  // `source`: its number, which its rows show.
  explicit SimServer(std::size_t source = 0);

  void commit(const std::vector<Write>& writes);
  void commit_elsewhere();  // in tables that no pipeline reads
  void truncate(Table table);
  // Changed without a trace in the binlog: sql_log_bin = 0, a restored backup.
  void commit_silently(const std::vector<Write>& writes);
  // A replica takes over that lacks the last `lost` transactions.
  LostChanges fail_over(std::size_t lost);

  const ShopModel& model() const { return model_; }
  void note_load() { model_.note_load(); }
  // Where the stream behind the last first load began.
  void note_load_begun() { load_begun_ = binlog_.size(); }
  std::size_t load_begun() const { return load_begun_; }
  void hang_payments() {
    payments_hang_ = true;
    model_.hang_payments();
  }
  const std::vector<BinlogEntry>& binlog() const { return binlog_; }
  const std::string& uuid() const { return uuid_text_; }
  GtidSet executed() const;
  // Transactions below this were read by somebody: a fail-over may not lose them.
  std::size_t read_up_to() const { return read_up_to_; }
  // The last `count` transactions may be lost although somebody read them.
  void allow_losing(std::size_t count) { read_up_to_ -= std::min(count, read_up_to_); }
  void note_read(std::size_t index) {
    read_up_to_ = std::max(read_up_to_, index);
    ever_read_up_to_ = std::max(ever_read_up_to_, index);
  }

 private:
  void append(Changes changes);
  void become(const ShopModel& replica);
  const std::size_t source_;
  ShopModel model_;
  bool payments_hang_ = false;
  std::vector<BinlogEntry> binlog_;
  std::string uuid_text_;
  Uuid uuid_{};
  std::int64_t next_number_ = 1;
  int servers_ = 0;
  std::size_t read_up_to_ = 0;
  std::size_t ever_read_up_to_ = 0;
  std::size_t load_begun_ = 0;
};

std::vector<TableSchema> shop_schemas();

class SimSource final : public capture::ChangeSource {
 public:
  SimSource(SimServer& server, std::vector<TableSchema> schemas, std::size_t chunk_rows)
      : server_(server), schemas_(std::move(schemas)), chunk_rows_(chunk_rows) {}

  Result<void> start(const SourcePosition& from) override;
  Result<std::optional<Transaction>> next(Deadline deadline) override;
  Result<GtidSet> committed_now() override { return server_.executed(); }
  Result<std::optional<GtidSet>> lost_at_takeover(const SourcePosition& read) override;
  void request_stop() noexcept override {}

 private:
  std::size_t next_in_binlog() const;  // that was not read
  Transaction announce(TransactionKind kind) const;
  void read_tables();
  Result<std::optional<Transaction>> stream();

  SimServer& server_;
  const std::vector<TableSchema> schemas_;
  const std::size_t chunk_rows_;
  SourcePosition position_;
  std::size_t index_ = 0;    // next transaction of the binlog
  std::string told_server_;  // whose stream it is
  bool announced_ = false;
  bool tables_read_ = false;
  std::deque<Changes> chunks_;
  std::size_t high_ = 0;
};

// Reads at the first poll and answers at the second, so that anything can happen before it reads
// and after.
class SimRootReader final : public capture::RootReader {
 public:
  SimRootReader(SimServer& server, std::vector<TableSchema> schemas)
      : server_(server), schemas_(std::move(schemas)) {}

  void begin(capture::RootRequest request) override;
  Result<std::optional<capture::RootRows>> poll() override;
  Result<Value> key_value(const ColumnType& type, std::string_view text,
                          Arena& arena) const override;

 private:
  capture::RootRows read() const;

  SimServer& server_;
  const std::vector<TableSchema> schemas_;
  std::optional<capture::RootRequest> request_;
  std::optional<capture::RootRows> rows_;
};

}  // namespace tailrace::simulation
