// A RootReader on a MySQL or MariaDB server: a connection of its own for each request, one
// REPEATABLE READ transaction. Error halt "import.no_gtids": a MySQL without GTIDs does not tell
// what a snapshot holds.
// Threading: as RootReader says; one thread of its own while it reads.
#pragma once

#include <mutex>
#include <thread>

#include "capture/binlog_source_options.hpp"
#include "capture/captured_tables.hpp"
#include "capture/mysql/connection.hpp"
#include "capture/root_reader.hpp"

namespace tailrace::capture {

class ServerRootReader final : public RootReader {
 public:
  // Error halt: a selected table or column is not in the schemas.
  static Result<std::unique_ptr<ServerRootReader>> create(const BinlogSourceOptions& options);
  ~ServerRootReader() override;

  void begin(RootRequest request) override;
  Result<std::optional<RootRows>> poll() override;
  Result<Value> key_value(const ColumnType& type, std::string_view text,
                          Arena& arena) const override;

 private:
  ServerRootReader(MysqlOptions options, CapturedTables tables)
      : options_(std::move(options)), tables_(std::move(tables)) {}
  void give_up();
  Result<RootRows> read(const RootRequest& request, std::shared_ptr<mysql::Interrupter> wake) const;
  Result<std::unique_ptr<RowStream>> read_table(mysql::Connection& connection,
                                                const RootTable& table,
                                                const RootRequest& request) const;

  const MysqlOptions options_;
  const CapturedTables tables_;
  std::shared_ptr<mysql::Interrupter> interrupter_;
  std::mutex mutex_;
  std::optional<Result<RootRows>> outcome_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace tailrace::capture
