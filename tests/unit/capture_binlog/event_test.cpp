#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/binlog/control_events.hpp"
#include "capture/binlog/event_reader.hpp"
#include "capture/binlog/gtid_event.hpp"
#include "capture/binlog/query_event.hpp"
#include "event_bytes.hpp"

namespace tailrace::capture {
namespace {

using testing::HasSubstr;
using namespace std::literals;

TEST(EventReader, TheAnnouncedChecksumHoldsUntilFormatDescriptionSaysOtherwise) {
  EventReader reader(ChecksumAlgorithm::crc32);
  const std::string rotate =
      event_bytes({EventType::rotate, "\4\0\0\0\0\0\0\0binlog.7"s, 0x20, true});
  const auto first = reader.read(rotate, 0);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->body.size(), 16u);
  EXPECT_TRUE(first->artificial());
  ASSERT_TRUE(reader.read(format_description_bytes("8.0.36", false), 4));
  EXPECT_EQ(reader.format().checksum, ChecksumAlgorithm::none);
  const std::string xid = event_bytes({EventType::xid, "12345678", 0, false});
  const auto plain = reader.read(xid, 120);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->body, "12345678");
  ASSERT_TRUE(reader.read(format_description_bytes("8.0.36", true), 4));
  const auto wrong = reader.read(xid, 4711);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "binlog.checksum");
  EXPECT_THAT(wrong.error().message, HasSubstr("XID event at offset 4711"));
}

// MariaDB 11 begins to send within a file, at the GTID: without the position, with the file's sum.
TEST(EventReader, MariadbsFormatDescriptionFromWithinAFileHasAnotherSum) {
  EventReader reader(ChecksumAlgorithm::crc32);
  std::string bytes = format_description_bytes("11.8.6-MariaDB", false);
  bytes.replace(13, 4, 4, '\0');
  ASSERT_TRUE(reader.read(bytes, 343));
  EXPECT_EQ(reader.format().checksum, ChecksumAlgorithm::none);
  std::string mysql = format_description_bytes("8.0.36", false);
  mysql.replace(13, 4, 4, '\0');
  EXPECT_EQ(reader.read(mysql, 343).error().code, "binlog.checksum");
  std::string summed = format_description_bytes("11.8.6-MariaDB", true);
  summed.replace(13, 4, 4, '\0');
  EXPECT_EQ(reader.read(summed, 343).error().code, "binlog.checksum");
}

TEST(EventReader, LengthsThatDisagreeHalt) {
  EventReader reader;
  std::string xid = event_bytes({EventType::xid, "12345678", 0, false});
  const std::string shorter = xid.substr(0, xid.size() - 1);
  for (const std::string& bytes : {xid + "x", shorter, xid.substr(0, 18), ""s}) {
    const auto result = reader.read(bytes, 99);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "binlog.corrupt");
    EXPECT_EQ(result.error().disposition, Disposition::halt);
    EXPECT_THAT(result.error().message, HasSubstr("offset 99"));
  }
}

TEST(EventReader, OldServersHaveNoChecksumByte) {
  EventReader reader;
  std::string body = "\4\0"s + "5.1.73-log"s + std::string(40, '\0') + "\0\0\0\0\x13"s;
  body += std::string(27, '\6');
  ASSERT_TRUE(reader.read(event_bytes({EventType::format_description, body, 0, false}), 4));
  EXPECT_EQ(reader.format().checksum, ChecksumAlgorithm::none);
  EXPECT_EQ(reader.format().table_id_bytes(EventType::table_map), 4u);
  EXPECT_FALSE(reader.format().mariadb);
}

TEST(EventType, UnknownNumbersStopUnlessTheyMayBeIgnored) {
  EXPECT_EQ(classify(static_cast<EventType>(99), 0), EventAction::stop);
  EXPECT_EQ(classify(static_cast<EventType>(99), event_flag::ignorable), EventAction::skip);
  EXPECT_EQ(classify(EventType::incident, 0), EventAction::stop);
  EXPECT_EQ(classify(EventType::write_rows, 0), EventAction::handle);
  EXPECT_EQ(classify(EventType::intvar, 0), EventAction::statement);
  EXPECT_EQ(classify(EventType::mariadb_start_encryption, event_flag::ignorable),
            EventAction::skip);
  EXPECT_EQ(event_name(EventType::gtid_tagged), "GTID_TAGGED");
  EXPECT_EQ(event_name(EventType::mariadb_partial_row_data), "PARTIAL_ROW_DATA");
  for (unsigned type = 0; type < 256; ++type) classify(static_cast<EventType>(type), 0);
}

TEST(ControlEvents, AreReadFieldByField) {
  const auto rotate =
      parse_rotate(event_view(EventType::rotate, "\4\0\0\0\1\0\0\0binlog.000007"sv));
  EXPECT_EQ(rotate->file, "binlog.000007");
  EXPECT_EQ(rotate->position, (1ull << 32) + 4);
  EXPECT_FALSE(parse_rotate(event_view(EventType::rotate, "\4\0\0\0\1\0\0\0"sv)));
  EXPECT_EQ(*parse_xid(event_view(EventType::xid, "\x2a\0\0\0\0\0\0\0"sv)), 42u);
  const auto old = parse_heartbeat(event_view(EventType::heartbeat, "binlog.000007"));
  EXPECT_EQ(old->file, "binlog.000007");
  EXPECT_EQ(old->position, 1234u);
  const auto beat =
      parse_heartbeat(event_view(EventType::heartbeat_v2, "\1\3b.1\2\x09\xfe\0\0\0\0\1\0\0\0\0"sv));
  ASSERT_TRUE(beat) << beat.error().message;
  EXPECT_EQ(beat->file, "b.1");
  EXPECT_EQ(beat->position, 1ull << 32);
  EXPECT_FALSE(parse_heartbeat(event_view(EventType::heartbeat_v2, "\1\x09""b.1"sv)));
  EXPECT_EQ(*parse_rows_query(event_view(EventType::rows_query, "\x04SELECT 1")), "SELECT 1");
  const EventView annotation = event_view(EventType::mariadb_annotate_rows, "SELECT 1");
  EXPECT_EQ(*parse_rows_query(annotation), "SELECT 1");
  EXPECT_EQ(parse_incident(event_view(EventType::incident, "\1\0\4lost"sv))->message, "lost");
  const auto xa = parse_xa_prepare(
      event_view(EventType::xa_prepare, "\0\1\0\0\0\3\0\0\0\2\0\0\0gtrbq"sv));
  EXPECT_EQ(xa->global_part, "gtr");
  EXPECT_EQ(xa->branch_part, "bq");
  EXPECT_FALSE(xa->one_phase);
}

TEST(ControlEvents, IncidentsOfUnknownNumberAreDamage) {
  const auto incident = parse_incident(event_view(EventType::incident, "\x42\0\0"sv));
  ASSERT_FALSE(incident);
  EXPECT_EQ(incident.error().code, "binlog.corrupt");
}

TEST(FormatDescription, AlphasWithOtherEventNumbersAreRefused) {
  EventReader reader;
  const auto read = reader.read(format_description_bytes("5.2.2-a_drop6p13-alpha", false), 4);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, "binlog.unsupported");
  EXPECT_THAT(read.error().message, HasSubstr("5.2.2-a_drop6p13-alpha"));
}

TEST(GtidEvent, TagsAreThoseThatServersWrite) {
  for (const std::string tag : {"a", "_z9", "", "A", "9a", "a b", "a\0b", "\xc3\xa4"}) {
    const bool good = tag == "a" || tag == "_z9" || tag.empty();
    std::string body = "\1\1\0\0\0\0\0\1"s;  // tagged, one source
    body += std::string(16, '\7');
    body.push_back(static_cast<char>(tag.size() * 2));
    body += tag;
    body += "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0"s;
    EXPECT_EQ(parse_previous_gtids(event_view(EventType::previous_gtids, body)).has_value(), good)
        << tag;
  }
}

TEST(GtidEvent, OldAndNewLengthsAreRead) {
  const std::string start = "\1"s + "0123456789abcdef" + "\5\0\0\0\0\0\0\0"s;
  const auto old = parse_gtid(event_view(EventType::gtid, start));
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_EQ(old->gtid.number, 5);
  EXPECT_EQ(old->immediate_commit_us, 0);
  const std::string committed = "\2"s + "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"s;
  const auto local = parse_gtid(
      event_view(EventType::gtid, start + committed + "\x0a\0\0\0\0\0\0\x10"s + "\0\0\0\0"s));
  ASSERT_TRUE(local) << local.error().message;
  EXPECT_EQ(local->immediate_commit_us, 10);
  EXPECT_EQ(local->original_commit_us, 10);
  EXPECT_EQ(local->transaction_bytes, 16u);
  EXPECT_EQ(local->sequence_number, 2);
  const auto copied = parse_gtid(event_view(
      EventType::gtid, start + committed + "\x0a\0\0\0\0\0\x80\x05\0\0\0\0\0\0\x10"s));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->immediate_commit_us, 10);
  EXPECT_EQ(copied->original_commit_us, 5);
  EXPECT_FALSE(parse_gtid(event_view(EventType::gtid, start.substr(0, 20))));
  const auto anonymous = parse_gtid(event_view(
      EventType::anonymous_gtid, "\1"s + std::string(24, '\0')));
  ASSERT_TRUE(anonymous);
  EXPECT_TRUE(anonymous->anonymous);
}

TEST(GtidEvent, MariadbFlagsSayWhatFollows) {
  const std::string start = "\x07\0\0\0\0\0\0\0\2\0\0\0"s;
  const auto plain = parse_mariadb_gtid(event_view(EventType::mariadb_gtid, start + "\x0c"s));
  EXPECT_EQ(plain->sequence, 7u);
  EXPECT_EQ(plain->domain, 2u);
  EXPECT_FALSE(plain->standalone());
  const auto grouped = parse_mariadb_gtid(
      event_view(EventType::mariadb_gtid, start + "\x23\x09\0\0\0\0\0\0\0\4\x05\0\0\0\0\0\0\0"s));
  ASSERT_TRUE(grouped) << grouped.error().message;
  EXPECT_TRUE(grouped->standalone());
  EXPECT_TRUE(grouped->is_ddl());
  EXPECT_EQ(grouped->alter_sequence, 5u);
  const std::string prepared = start + "\x40\1\0\0\0\2\1xyz"s;
  const auto xa = parse_mariadb_gtid(event_view(EventType::mariadb_gtid, prepared));
  EXPECT_TRUE(xa->xa_prepared());
  EXPECT_EQ(xa->xid, "xyz");
}

TEST(QueryEvent, TheStatementIsFoundBehindVariablesThatAreUnknown) {
  const std::string status = "\1\4\0\x10\0\0\0\0\0\4\x2d\0\x2d\0\x2d\0\xee junk"s;
  std::string body = "\1\0\0\0\2\0\0\0\4\0\0"s;
  body.push_back(static_cast<char>(status.size()));
  body += "\0"s + status + "shop\0DROP TABLE t"s;
  const auto query = parse_query(event_view(EventType::query, body));
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->database, "shop");
  EXPECT_EQ(query->sql, "DROP TABLE t");
  EXPECT_EQ(query->client_collation, 45u);
  EXPECT_EQ(query->sql_mode, QueryEvent::mode_ansi_quotes | QueryEvent::mode_no_backslash_escapes);
  EXPECT_FALSE(parse_query(event_view(EventType::query, body.substr(0, 20))));
}

TEST(PreviousGtids, ReadsWhatGtidSetsEncode) {
  for (const char* text : {"", "00112233-4455-6677-8899-aabbccddeeff:1-4:7",
                           "00112233-4455-6677-8899-aabbccddeeff:1-4:7:tag:1-2:5,"
                           "10112233-4455-6677-8899-aabbccddeeff:9"}) {
    const MysqlGtidSet set = MysqlGtidSet::parse(text).value();
    const auto read = parse_previous_gtids(event_view(EventType::previous_gtids, set.encode()));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, set);
    EXPECT_EQ(read->text(), text);
  }
  const std::string endless = "\xff\xff\xff\xff\0\0\0\0"s;
  EXPECT_FALSE(parse_previous_gtids(event_view(EventType::previous_gtids, endless)));
}

}  // namespace
}  // namespace tailrace::capture
