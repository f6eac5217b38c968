#include "capture/transaction_assembler.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "core/bytes.hpp"
#include "tests/unit/capture_binlog/event_bytes.hpp"

namespace tailrace::capture {
namespace {

// Feeds hand-made events of a table shop.t (id 7) and of shop.other (id 8).
class Feed {
 public:
  Feed() : assembler_(MappedTables({{"shop", "t"}}, false), {}) {}

  std::optional<AssembledTransaction> gtid(std::int64_t number) {
    std::string body(25, '\0');
    body[1] = 1;
    std::memcpy(body.data() + 17, &number, sizeof number);
    return feed(EventType::gtid, body);
  }
  std::optional<AssembledTransaction> mariadb_gtid(std::uint64_t sequence, int flags,
                                                   const std::string& more = "") {
    std::string body;
    append_fixed(body, sequence);
    append_fixed(body, std::uint32_t{3});  // domain
    body.push_back(static_cast<char>(flags));
    return feed(EventType::mariadb_gtid, body + more);
  }
  std::optional<AssembledTransaction> query(const std::string& sql) {
    std::string body;
    append_fixed(body, std::uint32_t{1});
    append_fixed(body, std::uint32_t{0});
    body.push_back(4);
    append_fixed(body, std::uint16_t{0});
    append_fixed(body, std::uint16_t{0});
    return feed(EventType::query, body + "shop" + '\0' + sql);
  }
  std::optional<AssembledTransaction> table_map(std::uint64_t id, const std::string& table) {
    std::string body = table_id(id);
    body.append("\4shop\0", 6);
    body.push_back(static_cast<char>(table.size()));
    body += table;
    body.append("\0\1\3\0\0", 5);  // one INT column
    return feed(EventType::table_map, body);
  }
  std::optional<AssembledTransaction> insert(std::uint64_t id) {
    return feed(EventType::write_rows, table_id(id) + std::string("\2\0\1\xff\0\5\0\0\0", 9));
  }
  std::optional<AssembledTransaction> xid() { return feed(EventType::xid, std::string(8, '\1')); }

  std::optional<AssembledTransaction> feed(EventType type, const std::string& body,
                                           std::uint16_t flags = 0) {
    EventView event;
    event.header.type = type;
    event.header.flags = flags;
    event.header.timestamp_s = 1000;
    event.header.server_id = 9;
    event.body = body;
    auto fed = assembler_.feed(event, format_);
    error = fed ? std::optional<Error>() : fed.error();
    return fed ? std::move(*fed) : std::nullopt;
  }

  std::optional<Error> error;
  TransactionAssembler& assembler() { return assembler_; }

 private:
  static std::string table_id(std::uint64_t id) {
    std::string body(8, '\0');
    std::memcpy(body.data(), &id, 6);
    return body;
  }
  TransactionAssembler assembler_;
  std::shared_ptr<const FormatDescription> format_ = std::make_shared<FormatDescription>();
};

int events_of(AssembledTransaction& done) {
  int count = 0;
  while (done.rows && *done.rows->next()) ++count;
  return count;
}

TEST(TransactionAssembler, EndsWithXid) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  EXPECT_FALSE(feed.assembler().at_boundary());
  feed.table_map(7, "t");
  feed.insert(7);
  auto done = feed.xid();
  ASSERT_TRUE(done);
  EXPECT_EQ(std::get<MysqlGtid>(*done->gtid).number, 1);
  EXPECT_EQ(done->commit_time_us, 1'000'000'000);
  EXPECT_EQ(events_of(*done), 2);
  EXPECT_TRUE(feed.assembler().at_boundary());
}

TEST(TransactionAssembler, DropsRolledBackTransaction) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  feed.table_map(7, "t");
  feed.insert(7);
  const auto done = feed.query("ROLLBACK");
  ASSERT_TRUE(done) << "its GTID counts as read";
  EXPECT_FALSE(done->is_mapped());
}

TEST(TransactionAssembler, KeepsAnEqualTableMapOnce) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  for (int i = 0; i < 3; ++i) {
    feed.table_map(7, "t");
    feed.insert(7);
  }
  auto done = feed.xid();
  EXPECT_EQ(events_of(*done), 4);
  feed.gtid(2);
  feed.query("BEGIN");
  feed.table_map(7, "t");
  feed.insert(7);
  done = feed.xid();
  EXPECT_EQ(events_of(*done), 2) << "every transaction has its own";
}

TEST(TransactionAssembler, CountsEventsOfUnmappedTables) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  feed.table_map(8, "other");
  feed.insert(8);
  feed.insert(8);
  feed.table_map(7, "t");
  feed.insert(7);
  auto done = feed.xid();
  EXPECT_EQ((*done->rows->next())->skipped_before, 2u);
  EXPECT_EQ((*done->rows->next())->skipped_before, 0u);
}

TEST(TransactionAssembler, RefusesRowsWithoutTableMap) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  feed.insert(7);
  ASSERT_TRUE(feed.error);
  EXPECT_EQ(feed.error->code, "binlog.corrupt");
}

TEST(TransactionAssembler, ForgetsTableIdsOfEarlierTransactions) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  feed.table_map(7, "t");
  feed.xid();
  feed.gtid(2);
  feed.query("BEGIN");
  feed.insert(7);
  EXPECT_TRUE(feed.error);
}

TEST(TransactionAssembler, DropsWhatADyingServerLeft) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  feed.table_map(7, "t");
  feed.insert(7);
  feed.feed(EventType::stop, "");
  EXPECT_TRUE(feed.assembler().at_boundary());
  feed.gtid(1);
  feed.query("BEGIN");
  auto done = feed.xid();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->is_mapped());
}

TEST(TransactionAssembler, TellsStatementsOnMappedTables) {
  Feed feed;
  feed.gtid(1);
  auto done = feed.query("TRUNCATE TABLE t");
  ASSERT_TRUE(done);
  ASSERT_EQ(done->statements.size(), 1u);
  EXPECT_EQ(done->statements[0].what.kind, StatementKind::truncate);
  EXPECT_EQ(done->statements[0].database, "shop");
  feed.gtid(2);
  done = feed.query("CREATE TABLE _t_gho LIKE t");
  EXPECT_TRUE(done->is_mapped()) << "it may take the place of a mapped one";
  feed.gtid(3);
  done = feed.query("CREATE USER u");
  EXPECT_FALSE(done->is_mapped());
}

TEST(TransactionAssembler, StopsWhereRowsWereNotLogged) {
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  feed.query("INSERT INTO t VALUES (1)");
  ASSERT_TRUE(feed.error);
  EXPECT_EQ(feed.error->code, "source.statement_format");
  feed.feed(EventType::incident, std::string("\1\0\0", 3));
  EXPECT_EQ(feed.error->code, "source.incident");
}

TEST(TransactionAssembler, SkipsUnknownEventsOnlyIfTheyMayBeIgnored) {
  Feed feed;
  feed.feed(static_cast<EventType>(99), "x", event_flag::ignorable);
  EXPECT_FALSE(feed.error);
  feed.feed(static_cast<EventType>(99), "x");
  ASSERT_TRUE(feed.error);
  EXPECT_EQ(feed.error->disposition, Disposition::halt);
}

// one_phase u8, format u32, sizes u32 each, 'a'.
const std::string prepared_a("\0\1\0\0\0\1\0\0\0\0\0\0\0a", 14);

void prepare(Feed& feed, int number, bool mapped) {
  feed.gtid(number);
  feed.query("XA START X'61',X'',1");
  feed.table_map(7, mapped ? "t" : "elsewhere");
  feed.insert(7);
  feed.query("XA END X'61',X'',1");
}

TEST(TransactionAssembler, HoldsWhatWasPreparedUntilItIsCommitted) {
  Feed feed;
  prepare(feed, 1, true);
  auto done = feed.feed(EventType::xa_prepare, prepared_a);
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->is_mapped());
  EXPECT_TRUE(done->prepared_rows);
  EXPECT_EQ(done->prepared->text(), "1,61,");
  EXPECT_EQ(XaId::parse("1,61,"), *done->prepared);
  feed.gtid(2);
  feed.query("BEGIN");
  feed.table_map(8, "t");
  feed.insert(8);
  EXPECT_TRUE(feed.xid()->is_mapped()) << "others go on";
  feed.gtid(3);
  done = feed.query("XA COMMIT X'61',X'',1");
  ASSERT_TRUE(done);
  EXPECT_EQ(gtid_text(*done->gtid).back(), '3');
  EXPECT_EQ(done->ended->text(), "1,61,");
  EXPECT_EQ(events_of(*done), 2);
  feed.gtid(4);
  feed.query("XA COMMIT X'61',X'',1");
  EXPECT_EQ(feed.error->code, "source.xa") << "nothing of that name is held any more";
}

TEST(TransactionAssembler, DropsWhatWasPreparedAndRolledBack) {
  Feed feed;
  prepare(feed, 1, true);
  feed.feed(EventType::xa_prepare, prepared_a);
  feed.gtid(2);
  const auto done = feed.query("XA ROLLBACK X'61',X'',1");
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->is_mapped());
  EXPECT_EQ(done->ended->text(), "1,61,");
}

TEST(TransactionAssembler, LeavesPreparedTransactionsOfOthersAlone) {
  Feed feed;
  prepare(feed, 1, false);
  const auto done = feed.feed(EventType::xa_prepare, prepared_a);
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->prepared_rows);
  feed.gtid(2);
  EXPECT_FALSE(feed.query("XA COMMIT X'61',X'',1")->is_mapped());
  EXPECT_FALSE(feed.error);
}

TEST(TransactionAssembler, StopsWhereRowsWerePreparedBeforeTheStreamBegan) {
  Feed feed;
  feed.gtid(1);
  EXPECT_TRUE(feed.query("XA ROLLBACK X'62',X'',1"));
  feed.assembler().note_prepared_elsewhere(XaId::parse("1,61,"));
  feed.gtid(2);
  EXPECT_TRUE(feed.query("XA COMMIT X'61',X'',1")) << "known to touch nothing mapped";
  feed.gtid(3);
  EXPECT_FALSE(feed.query("XA COMMIT X'62',X'',1"));
  EXPECT_EQ(feed.error->code, "source.xa");
}

TEST(TransactionAssembler, TakesOnePhaseForACommit) {
  Feed feed;
  prepare(feed, 1, true);
  std::string one_phase = prepared_a;
  one_phase[0] = 1;
  auto done = feed.feed(EventType::xa_prepare, one_phase);
  ASSERT_TRUE(done);
  EXPECT_EQ(events_of(*done), 2);
}

TEST(TransactionAssembler, MariadbGtidStandsForBegin) {
  Feed feed;
  feed.mariadb_gtid(17, 0x04);
  EXPECT_FALSE(feed.query("CREATE TABLE t (id INT)")) << "CREATE … SELECT goes on to its XID";
  feed.table_map(7, "t");
  feed.insert(7);
  auto done = feed.xid();
  ASSERT_TRUE(done);
  EXPECT_EQ(gtid_text(*done->gtid), "3-9-17");
  EXPECT_EQ(events_of(*done), 2);
  EXPECT_EQ(done->statements.size(), 1u);
  feed.mariadb_gtid(18, 0x04);
  feed.table_map(7, "t");
  feed.insert(7);
  done = feed.query("COMMIT");
  ASSERT_TRUE(done) << "engines without transactions";
  EXPECT_TRUE(done->is_mapped());
}

TEST(TransactionAssembler, MariadbStandaloneStatementEndsByItself) {
  Feed feed;
  feed.mariadb_gtid(1, 0x21);
  auto done = feed.query("TRUNCATE TABLE t");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->statements.size(), 1u);
  EXPECT_TRUE(feed.assembler().at_boundary());
  feed.mariadb_gtid(2, 0x21);
  ASSERT_TRUE(feed.query("CREATE USER u"));
  const std::string xid("\1\0\0\0\1\0x", 7);
  feed.assembler().note_prepared_elsewhere(XaId::parse("1,78,"));
  feed.mariadb_gtid(3, 0x80, xid);
  EXPECT_TRUE(feed.query("XA COMMIT X'78',X'',1"));
  EXPECT_FALSE(feed.error);
}

TEST(TransactionAssembler, MariadbAlterInTwoPhasesCountsWhenItCommits) {
  Feed feed;
  const std::string alter_sequence("\5\0\0\0\0\0\0\0", 8);
  feed.mariadb_gtid(5, 0x21, "\2");
  auto done = feed.query("ALTER TABLE t ADD x INT");
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->statements.empty());
  feed.mariadb_gtid(6, 0x21, "\x08" + alter_sequence);
  EXPECT_TRUE(feed.query("ALTER TABLE t ADD x INT")->statements.empty()) << "rolled back";
  feed.mariadb_gtid(7, 0x21, "\4" + alter_sequence);
  EXPECT_EQ(feed.query("ALTER TABLE t ADD x INT")->statements.size(), 1u);
}

TEST(TransactionAssembler, PutsRowEventsTogetherThatMariadbCut) {
  const std::string rows = event_bytes({EventType::write_rows,
                                        std::string("\7\0\0\0\0\0\0\0\2\0\1\xff\0\5\0\0\0", 17), 0,
                                        /*checksum=*/false});
  const auto piece = [&](char number, std::size_t from, std::size_t bytes) {
    return std::string{number, 0, 0, 0, 2, 0, 0, 0, 0} + rows.substr(from, bytes);
  };
  Feed feed;
  feed.gtid(1);
  feed.query("BEGIN");
  feed.table_map(7, "t");
  feed.feed(EventType::mariadb_partial_row_data, piece(1, 0, 20));
  feed.feed(EventType::mariadb_partial_row_data, piece(2, 20, 100));
  EXPECT_FALSE(feed.error) << feed.error->message;
  auto done = feed.xid();
  ASSERT_TRUE(done);
  EXPECT_EQ(events_of(*done), 2);
  feed.gtid(2);
  feed.query("BEGIN");
  feed.table_map(7, "t");
  feed.feed(EventType::mariadb_partial_row_data, piece(1, 0, 20));
  feed.xid();
  EXPECT_EQ(feed.error->code, "binlog.corrupt");
  feed.error.reset();
  feed.feed(EventType::stop, "");
  EXPECT_FALSE(feed.error) << "what a dying server left";
}

TEST(TransactionAssembler, ExpandsWhatMariadbCompressed) {
  Feed feed;
  feed.mariadb_gtid(1, 0x21);
  const std::string sql = "TRUNCATE TABLE t /* and words that make it worth while, while, while */";
  std::string packed(compressBound(sql.size()), '\0');
  uLongf size = packed.size();
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(sql.data()), sql.size()),
            Z_OK);
  std::string body(13, '\0');
  body[8] = 4;  // the database's name
  body += std::string("shop\0", 5) + "\x81" + static_cast<char>(sql.size());
  const auto done = feed.feed(EventType::mariadb_query_compressed, body + packed.substr(0, size));
  ASSERT_TRUE(done) << feed.error->message;
  EXPECT_EQ(done->statements.size(), 1u);
}

}  // namespace
}  // namespace tailrace::capture
