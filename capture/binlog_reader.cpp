#include "capture/binlog_reader.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "capture/binlog/event_reader.hpp"
#include "capture/catalog.hpp"
#include "capture/set_global.hpp"
#include "capture/startup_checks.hpp"
#include "core/log.hpp"

namespace tailrace::capture {
namespace {

using mysql::Connection;

// Beside the rows: position, strings and the like.
constexpr std::size_t transaction_bytes = 600;

std::string short_text(const GtidSet& set) {
  std::string text = set.text();
  if (text.size() > 500) text = text.substr(0, 500) + "…";
  return text;
}

// MySQL 5.6 cannot be asked to wait: it is asked again and again, and sleeps in between.
Result<bool> wait_for_executed(Connection& connection, const GtidSet& wanted, ServerFacts& facts) {
  constexpr int most_looks = 150;
  for (int look = 0; look < most_looks; ++look) {
    TAILRACE_ASSIGN(facts.executed, read_executed(connection));
    if (facts.executed.contains(wanted)) return true;
    TAILRACE_TRY(connection.scalar("SELECT SLEEP(0.1)"));
  }
  return false;
}

// A transaction can reach us a moment before MySQL counts it as executed; no more of them than
// there are connections.
Result<bool> has_executed(Connection& connection, const GtidSet& wanted, ServerFacts& facts) {
  constexpr std::int64_t most_in_flight = 10000;
  constexpr const char* patience_s = "15";
  const GtidSet missing = wanted.minus(facts.executed);
  if (missing.empty()) return true;
  const MysqlGtidSet* const awaited = missing.mysql();
  if (connection.version().mariadb || !awaited || awaited->size() > most_in_flight) return false;
  if (!connection.version().at_least(5, 7, 5)) return wait_for_executed(connection, wanted, facts);
  TAILRACE_ASSIGN(const std::string outcome,
                  connection.scalar("SELECT WAIT_FOR_EXECUTED_GTID_SET(" +
                                    connection.literal(missing.text()) + ", " + patience_s + ")"));
  TAILRACE_ASSIGN(facts.executed, read_executed(connection));
  return outcome == "0";
}

bool ends_replaced_streams_silently(const mysql::ServerVersion& version) {
  return !version.mariadb && !version.at_least(5, 7);
}

std::string base_name(const std::string& file) { return file.substr(0, file.rfind('.')); }

// GTIDs start again at 1 after RESET, and may have passed ours; files start again, too.
Result<void> check_same_binlogs(Connection& connection, const SourcePosition& from,
                                const ServerFacts& facts) {
  if (from.server_uuid != facts.uuid || !from.binlog.known()) return {};
  TAILRACE_ASSIGN(const BinlogPosition end, read_binlog_end(connection));
  const bool renamed = base_name(end.file) != base_name(from.binlog.file);  // log_bin was changed
  if (renamed || !before(end, from.binlog)) return {};
  return halt("source.diverged",
              "the binlogs of the server " + facts.uuid + " end at " + end.text() +
                  ", but were read up to " + from.binlog.text() +
                  ": they were reset, or the server was restored from a backup; start over with a "
                  "new first load");
}

Result<void> check_history(Connection& connection, const SourcePosition& from, ServerFacts& facts) {
  if (from.snapshot == SnapshotPhase::none && from.gtid_set.empty()) return {};
  TAILRACE_ASSIGN(const bool executed, has_executed(connection, from.gtid_set, facts));
  if (!executed) {
    return halt("source.diverged",
                "the server " + facts.uuid + " does not have what was read already: " +
                    short_text(from.gtid_set.minus(facts.executed)) +
                    "; it lost data, was restored from a backup or is another server; point the "
                    "pipeline at the right server, or start over with a new first load");
  }
  TAILRACE_TRY(check_same_binlogs(connection, from, facts));
  const GtidSet gone = facts.purged.minus(from.gtid_set);
  if (!gone.empty()) {
    return halt(
        "source.purged",
        "the server no longer has binlogs that were not read yet: " + short_text(gone) +
            "; start over with a new first load, and keep binlogs longer (" +
            (connection.version().mariadb || connection.version().at_least(8, 0)
                 ? set_global(connection.version().mariadb, "binlog_expire_logs_seconds = 604800")
                 : "SET GLOBAL expire_logs_days = 7") +
            ")");
  }
  return {};
}

}  // namespace

Result<ServerFacts> admit_server(const BinlogSourceOptions& options, const SourcePosition& from,
                                 Connection& connection) {
  TAILRACE_TRY(check_server(connection, options.mysql, options.tables, options.schemas));
  TAILRACE_ASSIGN(ServerFacts facts, read_server_facts(connection));
  TAILRACE_TRY(check_history(connection, from, facts));
  return facts;
}

BinlogReader::BinlogReader(ReaderParts parts)
    : parts_(std::move(parts)),
      identity_(reader_identity(parts_.options.pipeline, parts_.options.shard, own_host_name(),
                                parts_.options.mysql.server_id)),
      name_(some_reader_name()),
      tables_known_(parts_.queue.tail().tables != nullptr) {}

void BinlogReader::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto ended = session();
    if (stop.stop_requested()) break;
    Error error = std::move(ended).error();
    if (error.disposition != Disposition::retry) {
      log_error("source.halted", {{"code", error.code}, {"reason", error.message}});
      parts_.queue.close(std::move(error));
      return;
    }
    log_warn("source.connection_lost", {{"code", error.code}, {"reason", error.message}});
    parts_.queue.notice(std::move(error));
    if (!wait_before_retry(stop)) break;
  }
  parts_.queue.close();
}

bool BinlogReader::wait_before_retry(const std::stop_token& stop) {
  const auto& options = parts_.options.mysql;
  const std::int64_t most = options.reconnect_up_to.count();
  const unsigned doublings = std::min(failures_++, 20u);
  const std::int64_t delay = std::min(most, options.reconnect_from.count() << doublings);
  static thread_local std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<std::int64_t> jitter(delay / 2, delay);
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, Milliseconds(jitter(random)), [] { return false; });
  return !stop.stop_requested();
}

Result<Connection> BinlogReader::connect(mysql::Use use) const {
  return Connection::connect(parts_.options.mysql, use, parts_.interrupter);
}

// Only ever ends with an error: the broken connection's, or what halts.
Result<void> BinlogReader::session() {
  const SourcePosition from = parts_.queue.tail();
  {
    TAILRACE_ASSIGN(Connection connection, connect(mysql::Use::sql));
    if (streamed_) TAILRACE_TRY(check_not_replaced(connection));
    TAILRACE_ASSIGN(const ServerFacts facts, admit_server(parts_.options, from, connection));
    log_info("source.connected", {{"server", facts.uuid},
                                  {"version", connection.version().text},
                                  {"encrypted", connection.encrypted() ? "yes" : "no"}});
    by_gtid_ = facts.by_gtid;
    server_uuid_ = facts.uuid;
    assembler_ = std::make_unique<TransactionAssembler>(
        parts_.tables.names(facts.ignore_table_case),
        SpoolOptions{parts_.options.mysql.spool_above_bytes, parts_.options.mysql.spool_dir});
    for (const PreparedTransaction& prepared : from.prepared) {
      if (!prepared.mapped) assembler_->note_prepared_elsewhere(XaId::parse(prepared.xid));
    }
    if (from.snapshot == SnapshotPhase::none || from.snapshot == SnapshotPhase::reading) {
      TAILRACE_TRY(first_load(connection, facts));
    } else if (!tables_known_) {
      ReadTransaction read;
      TAILRACE_TRY(learn_tables(connection, read));
      TAILRACE_TRY(announce(parts_.queue.tail(), TransactionKind::position_only, std::move(read)));
      tables_known_ = true;
    }
    SourcePosition position = parts_.queue.tail();
    phase_ = position.snapshot;
    high_ = position.snapshot_high;
    const bool moved = position.server_uuid != facts.uuid;
    const bool high_is_elsewhere = moved && !position.server_uuid.empty();
    if (phase_ == SnapshotPhase::catching_up &&
        (high_is_elsewhere || connection.version().mariadb)) {
      TAILRACE_ASSIGN(high_set_, read_executed(connection));
    }
    if (moved) {
      position.server_uuid = facts.uuid;
      parts_.queue.set_tail(position);
    }
  }
  return stream();
}

Result<void> BinlogReader::announce(const SourcePosition& position, TransactionKind kind,
                                    ReadTransaction read) {
  parts_.queue.set_tail(position);
  read.transaction.kind = kind;
  if (parts_.queue.push_here(std::move(read), transaction_bytes)) return {};
  return retry("source.stopped", "stopping");
}

Result<void> BinlogReader::learn_tables(Connection& connection, ReadTransaction& read) {
  TAILRACE_ASSIGN(read.catalog,
                  read_catalog(connection, parts_.options.mysql.database, parts_.options.tables));
  return {};
}

// What was prepared before the position that the load streams from would be committed behind it,
// and no snapshot shows it. A user who may not ask finds out when it is committed.
Result<void> BinlogReader::wait_for_prepared(Connection& connection) const {
  const auto rows = connection.query("XA RECOVER");
  if (!rows)
    return rows.error().disposition == Disposition::retry ? Failure(rows.error()) : Result<void>();
  if (rows->empty()) return {};
  return retry("source.xa_open",
               std::to_string(rows->size()) +
                   " XA transactions are prepared on the server; the first load begins when they "
                   "are committed or rolled back (XA RECOVER lists them)");
}

Result<void> BinlogReader::first_load(Connection& connection, const ServerFacts& facts) {
  SourcePosition position = parts_.queue.tail();
  if (position.snapshot == SnapshotPhase::none) TAILRACE_TRY(wait_for_prepared(connection));
  // Read before the snapshot is opened: what is changed after that comes with the stream, and a
  // statement that is here already does no harm.
  ReadTransaction begins;
  if (!tables_known_) TAILRACE_TRY(learn_tables(connection, begins));
  // A load that was begun before streams from its own beginning: deletes since then must be seen.
  TAILRACE_ASSIGN(Connection reading, connect(mysql::Use::snapshot));
  TAILRACE_TRY(parts_.snapshot.open(reading));
  if (position.snapshot == SnapshotPhase::none) {
    TAILRACE_ASSIGN(position.gtid_set, read_snapshot_start(reading, facts));
    position.binlog = facts.end;
  }
  position.snapshot = SnapshotPhase::reading;
  position.server_uuid = facts.uuid;
  TAILRACE_TRY(announce(position, TransactionKind::position_only, std::move(begins)));
  tables_known_ = true;
  TAILRACE_ASSIGN(position.snapshot_high, read_binlog_end(connection));
  log_info("source.first_load_begun",
           {{"low", short_text(position.gtid_set)}, {"high", position.snapshot_high.text()}});
  const auto deliver = [this](std::unique_ptr<SnapshotRows> rows) {
    const std::size_t bytes = rows->memory_bytes() + transaction_bytes;
    ReadTransaction read;
    read.transaction.kind = TransactionKind::snapshot_rows;
    read.transaction.rows = std::move(rows);
    return parts_.queue.push_here(std::move(read), bytes);
  };
  TAILRACE_TRY(parts_.snapshot.read(reading, deliver));
  log_info("source.first_load_read", {});
  position.snapshot = SnapshotPhase::catching_up;
  return announce(position, TransactionKind::position_only);
}

// MySQL before 5.7 ends a stream that another reader of the same identity asked for like any other;
// two such readers would take it from each other for ever. The server lists who reads now.
Result<void> BinlogReader::check_not_replaced(Connection& connection) const {
  if (!ends_replaced_streams_silently(connection.version())) return {};
  TAILRACE_ASSIGN(const auto readers, connection.query("SHOW SLAVE HOSTS"));
  const std::string server_id = std::to_string(identity_.server_id);
  for (const mysql::Row& reader : readers) {
    if (reader.size() < 2 || reader[0] != server_id || reader[1] == name_) continue;
    return Failure(mysql::taken_over("the server's stream is read under server_id " + server_id +
                                     " by " + reader[1].value_or("another reader")));
  }
  return {};
}

// Rows that were prepared with XA and not committed yet are read again from in front of them.
mysql::DumpRequest BinlogReader::dump_request(const mysql::ServerVersion& version) const {
  mysql::DumpRequest request;
  if (version.mariadb) request.name = "tailrace";
  if (ends_replaced_streams_silently(version)) request.name = name_;
  request.server_id = identity_.server_id;
  request.replica_uuid = identity_.uuid;
  request.heartbeat = parts_.options.mysql.heartbeat;
  const SourcePosition tail = parts_.queue.tail();
  const auto oldest = std::find_if(tail.prepared.begin(), tail.prepared.end(),
                                   [](const auto& prepared) { return prepared.mapped; });
  const bool again = oldest != tail.prepared.end();
  if (by_gtid_) {
    request.executed = again ? oldest->gtid_set : tail.gtid_set;
  } else {
    request.from = again ? oldest->binlog : tail.binlog;
  }
  return request;
}

Passed BinlogReader::passed_here() const {
  Passed passed;
  passed.end = cursor_.position();
  if (!by_gtid_) passed.set = set_at(server_uuid_, passed.end);
  return passed;
}

Result<void> BinlogReader::stream() {
  TAILRACE_ASSIGN(Connection dump, connect(mysql::Use::dump));
  TAILRACE_TRY(dump.start_dump(dump_request(dump.version())));
  streamed_ = true;
  EventReader events(ChecksumAlgorithm::crc32);
  auto format = std::make_shared<const FormatDescription>(events.format());
  assembler_->reset();
  cursor_ = StreamCursor();
  while (true) {
    TAILRACE_ASSIGN(const auto bytes, dump.read_event());
    const std::string_view packet(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    auto event = events.read(packet, cursor_.position().offset);
    if (event && event->header.type == EventType::format_description) {
      format = std::make_shared<const FormatDescription>(events.format());
    }
    auto taken = event ? take(*event, format) : Result<void>(Failure(std::move(event).error()));
    if (!taken) {
      Error error = std::move(taken).error();
      if (error.disposition == Disposition::halt) {
        error.message = cursor_.position().file + ": " + error.message;
      }
      return Failure(std::move(error));
    }
    failures_ = 0;
  }
}

Result<void> BinlogReader::take(const EventView& event,
                                const std::shared_ptr<const FormatDescription>& format) {
  TAILRACE_ASSIGN(auto done, assembler_->feed(event, format));
  TAILRACE_TRY(cursor_.pass(event));
  if (done) {
    TAILRACE_TRY(deliver(std::move(*done)));
  } else if (assembler_->at_boundary()) {
    // The first event of a stream that the server made, and its sign of life when it is idle.
    const bool alive = event.header.type == EventType::format_description ||
                       event.header.type == EventType::heartbeat ||
                       event.header.type == EventType::heartbeat_v2;
    parts_.queue.advance(passed_here(), alive);
  } else {
    return {};
  }
  return phase_ == SnapshotPhase::catching_up ? note_caught_up() : Result<void>();
}

Result<void> BinlogReader::deliver(AssembledTransaction done) {
  Passed passed = passed_here();
  passed.gtid = done.gtid;
  // It comes again because something older was prepared.
  if (parts_.queue.has_passed(passed)) return {};
  passed.prepared_rows = done.prepared_rows;
  if (done.prepared) passed.prepared = done.prepared->text();
  if (done.ended) passed.ended = done.ended->text();
  if (!done.is_mapped()) {
    parts_.queue.skip(passed);
    return {};
  }
  ReadTransaction read;
  Transaction& transaction = read.transaction;
  transaction.kind = TransactionKind::rows;
  transaction.gtid = done.gtid ? gtid_text(*done.gtid) : cursor_.position().text();
  transaction.commit_time_us = done.commit_time_us;
  read.statements = std::move(done.statements);
  std::size_t bytes = transaction_bytes;
  if (done.rows) {
    bytes += done.rows->memory_bytes();
    transaction.rows = std::make_unique<BufferedRows>(parts_.decoding, std::move(done.rows),
                                                      std::move(done.format));
  }
  if (parts_.queue.push(std::move(read), passed, bytes)) return {};
  return retry("source.stopped", "stopping");
}

Result<void> BinlogReader::note_caught_up() {
  const bool passed = high_set_ ? parts_.queue.tail().gtid_set.contains(*high_set_)
                                : !before(cursor_.position(), high_);
  if (!passed) return {};
  SourcePosition position = parts_.queue.tail();
  position.snapshot = SnapshotPhase::done;
  phase_ = SnapshotPhase::done;
  log_info("source.first_load_done", {{"position", cursor_.position().text()}});
  return announce(position, TransactionKind::snapshot_end);
}

}  // namespace tailrace::capture
