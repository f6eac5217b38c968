#include "capture/binlog_source.hpp"

#include <algorithm>
#include <iterator>

#include "capture/binlog_reader.hpp"
#include "capture/catalog.hpp"

namespace tailrace::capture {

Result<std::unique_ptr<BinlogSource>> BinlogSource::create(BinlogSourceOptions options) {
  TAILRACE_ASSIGN(CapturedTables tables, CapturedTables::build(options.tables, options.schemas));
  return std::unique_ptr<BinlogSource>(new BinlogSource(std::move(options), std::move(tables)));
}

BinlogSource::BinlogSource(BinlogSourceOptions options, CapturedTables tables)
    : options_(std::move(options)),
      tables_(std::move(tables)),
      history_(tables_.names(/*ignore_case=*/true)),
      decoding_(tables_, history_, [this](const TableId& id) { return read_definition_again(id); }),
      snapshot_(tables_, {options_.mysql.database, options_.mysql.snapshot_chunk_rows}),
      interrupter_(std::make_shared<mysql::Interrupter>()) {}

BinlogSource::~BinlogSource() { end_reader(); }

void BinlogSource::end_reader() {
  reader_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    interrupter_->interrupt();
    if (queue_) queue_->close();
  }
  if (reader_.joinable()) reader_.join();
}

Result<void> BinlogSource::start(const SourcePosition& from) {
  end_reader();
  TAILRACE_TRY(history_.restore(from.tables));
  auto queue = std::make_shared<TransactionQueue>(options_.queue_bytes, from);
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return retry("source.stopped", "stopping");
    interrupter_ = std::make_shared<mysql::Interrupter>();
    queue_ = queue;
  }
  // Refuse at once what no retry cures; an unreachable server is the reader's business.
  auto connection = mysql::Connection::connect(options_.mysql, mysql::Use::sql, interrupter());
  if (connection) {
    auto admitted = admit_server(options_, from, *connection);
    if (!admitted && admitted.error().disposition != Disposition::retry) {
      return Failure(std::move(admitted).error());
    }
  } else if (connection.error().disposition != Disposition::retry) {
    return Failure(std::move(connection).error());
  }
  const std::lock_guard lock(mutex_);
  reader_ = std::jthread([this, queue, wake = interrupter_](const std::stop_token& stop) {
    BinlogReader reader({options_, tables_, decoding_, snapshot_, *queue, wake});
    reader.run(stop);
  });
  if (stopped_) reader_.request_stop();
  return {};
}

Result<std::optional<Transaction>> BinlogSource::next(Deadline deadline) {
  if (!queue_) return halt("source.not_started", "next() before start()");
  TAILRACE_ASSIGN(auto read, queue_->pop(deadline));
  if (!read) return std::nullopt;
  if (read->catalog) history_.begin(std::move(*read->catalog));
  for (const LoggedStatement& statement : read->statements) {
    auto events = history_.apply(statement);
    std::move(events.begin(), events.end(), std::back_inserter(read->transaction.table_events));
  }
  read->transaction.position.tables = history_.saved();
  return std::optional(std::move(read->transaction));
}

// The server's definition is that of the rows at hand if nobody touched the table in between: read
// on until where the server was, and look.
Result<std::optional<TableDefinition>> BinlogSource::read_definition_again(const TableId& id) {
  constexpr Milliseconds patience{30000};
  TAILRACE_ASSIGN(auto connection,
                  mysql::Connection::connect(options_.mysql, mysql::Use::sql, interrupter()));
  const TableSelection table{.table = id.table};
  TAILRACE_ASSIGN(const SchemaCatalog now,
                  read_catalog(connection, id.database, std::span(&table, 1)));
  TAILRACE_ASSIGN(const GtidSet executed, read_executed(connection));
  const TableDefinition* const found = now.find(id);
  if (found == nullptr) return std::nullopt;
  if (!queue_->wait_until_read(executed, std::chrono::steady_clock::now() + patience)) {
    return std::nullopt;
  }
  if (queue_->holds_statement_about(id)) return std::nullopt;
  return *found;
}

std::shared_ptr<mysql::Interrupter> BinlogSource::interrupter() const {
  const std::lock_guard lock(mutex_);
  return interrupter_;
}

Result<GtidSet> BinlogSource::committed_now() {
  TAILRACE_ASSIGN(auto connection,
                  mysql::Connection::connect(options_.mysql, mysql::Use::sql, interrupter()));
  return read_executed(connection);
}

// MariaDB's positions name the last transaction of a domain only, and places in files say nothing
// of another server.
Result<std::optional<GtidSet>> BinlogSource::lost_at_takeover(const SourcePosition& read) {
  constexpr std::int64_t most_lost = 100'000;
  TAILRACE_ASSIGN(auto connection,
                  mysql::Connection::connect(options_.mysql, mysql::Use::sql, interrupter()));
  TAILRACE_ASSIGN(const ServerFacts facts, read_server_facts(connection));
  const GtidSet lost = read.gtid_set.minus(facts.executed);
  const MysqlGtidSet* const set = lost.mysql();
  if (connection.version().mariadb || !facts.by_gtid || set == nullptr) return std::nullopt;
  if (facts.uuid == read.server_uuid || lost == read.gtid_set || set->size() > most_lost)
    return std::nullopt;
  // It would give the same ids to other transactions.
  for (const auto& [source, intervals] : set->sources()) {
    if (uuid_text(source.uuid) == facts.uuid) return std::nullopt;
  }
  return std::optional(lost);
}

Result<SourcePosition> BinlogSource::position_at(const std::optional<BinlogPosition>& place) {
  TAILRACE_ASSIGN(auto connection,
                  mysql::Connection::connect(options_.mysql, mysql::Use::sql, interrupter()));
  return read_position(connection, place);
}

void BinlogSource::request_stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  reader_.request_stop();
  interrupter_->interrupt();
  if (queue_) queue_->close();
}

}  // namespace tailrace::capture
