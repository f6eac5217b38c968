// How fast a source reads a backlog: rows/s of next() and of decoding every column.
//   capture_read_speed [rows] — makes a table of its own on the server of the environment.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "server.hpp"

using namespace tailrace;
using namespace tailrace::capture;
using namespace tailrace::capture::testing;

namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

struct Seen {
  std::uint64_t transactions = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
};

void consume(Transaction& transaction, bool decode, Seen& seen) {
  ++seen.transactions;
  if (!transaction.rows) return;
  seen.bytes += transaction.rows->bytes();
  while (decode) {
    const auto batch = must(transaction.rows->next());
    if (batch.empty()) return;
    seen.rows += batch.size();
    for (const RowChange& change : batch) {
      if (!change.after.empty()) seen.checksum += change.after[0].as_uint64();
    }
  }
}

void read(Database& database, const GtidSet& from_set, const GtidSet& target, bool decode,
          const char* label) {
  BinlogSourceOptions options = database.source({{.table = "t"}});
  options.shard = label;
  auto source = must(BinlogSource::create(options));
  SourcePosition from;
  from.gtid_set = from_set;
  from.snapshot = SnapshotPhase::done;
  must(source->start(from));
  const double begin = now_s();
  const double cpu = cpu_s();
  Seen seen;
  while (true) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    auto transaction = must(source->next(deadline));
    if (!transaction) continue;
    consume(*transaction, decode, seen);
    if (transaction->position.gtid_set.contains(target)) break;
  }
  const double seconds = now_s() - begin;
  std::printf("%-28s %9.0f rows/s %7.1f MB/s %8.0f trx/s  %5.2f s, cpu %5.2f s, peak %ld MiB\n",
              label, double(seen.rows) / seconds, double(seen.bytes) / 1e6 / seconds,
              double(seen.transactions) / seconds, seconds, cpu_s() - cpu, peak_mib());
}

}  // namespace

int main(int argc, char** argv) {
  if (!server_is_configured()) return std::puts("MYSQL_HOST is not set"), 0;
  const long rows = argc > 1 ? std::atol(argv[1]) : 1'000'000;
  Database database("cap_speed");
  database.run("CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, order_id BIGINT, qty INT, "
               "price DECIMAL(12,2), status ENUM('PLACED','PAID','SHIPPED'), sku VARCHAR(40), "
               "note VARCHAR(100), at DATETIME(3))");
  database.run("SET SESSION cte_max_recursion_depth = 100000000");
  const std::string values = "SELECT NULL, n DIV 4, n % 7, n * 1.25, 1 + n % 3, CONCAT('sku-', n), "
                             "'한국어 메모 note', NOW(3) FROM s";
  const GtidSet before = database.executed();
  for (long done = 0; done < rows; done += 50000) {
    database.run("INSERT INTO t WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s "
                 "WHERE n < 50000) " + values);
  }
  const GtidSet middle = database.executed();
  read(database, before, middle, false, "large trx, not decoded");
  read(database, before, middle, true, "large trx, all columns");
  read(database, before, middle, true, "large trx, again");
  database.run("CREATE PROCEDURE tiny(n INT) BEGIN WHILE n > 0 DO INSERT INTO t VALUES "
               "(NULL, n, 1, 1.25, 'PAID', 'sku', 'note', NOW(3)), "
               "(NULL, n, 1, 1.25, 'PAID', 'sku', 'note', NOW(3)); SET n = n - 1; END WHILE; END");
  const GtidSet small = database.executed();
  database.run("CALL tiny(" + std::to_string(rows / 10) + ")");
  const GtidSet end = database.executed();
  read(database, small, end, false, "2-row trx, not decoded");
  read(database, small, end, true, "2-row trx, all columns");
  read(database, small, end, true, "2-row trx, again");
  return 0;
}
