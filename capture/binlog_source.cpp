#include "capture/binlog_source.hpp"

#include "capture/binlog_reader.hpp"

namespace tailrace::capture {

Result<std::unique_ptr<BinlogSource>> BinlogSource::create(BinlogSourceOptions options) {
  TAILRACE_ASSIGN(CapturedTables tables, CapturedTables::build(options.tables, options.schemas));
  return std::unique_ptr<BinlogSource>(new BinlogSource(std::move(options), std::move(tables)));
}

BinlogSource::BinlogSource(BinlogSourceOptions options, CapturedTables tables)
    : options_(std::move(options)),
      tables_(std::move(tables)),
      decoding_(tables_),
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
  return queue_->pop(deadline);
}

std::shared_ptr<mysql::Interrupter> BinlogSource::interrupter() const {
  const std::lock_guard lock(mutex_);
  return interrupter_;
}

Result<GtidSet> BinlogSource::committed_now() {
  TAILRACE_ASSIGN(auto connection, mysql::Connection::connect(options_.mysql, mysql::Use::sql,
                                                              interrupter()));
  return read_executed(connection);
}

void BinlogSource::request_stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  reader_.request_stop();
  interrupter_->interrupt();
  if (queue_) queue_->close();
}

}  // namespace tailrace::capture
