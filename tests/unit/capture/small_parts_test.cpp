#include <gtest/gtest.h>

#include "capture/captured_tables.hpp"
#include "capture/column_type.hpp"
#include "capture/mysql/connection.hpp"
#include "capture/reader_identity.hpp"
#include "capture/row_buffer.hpp"
#include "capture/stream_cursor.hpp"

namespace tailrace::capture {
namespace {

TEST(ServerVersion, IsReadFromEveryKindOfText) {
  EXPECT_EQ(mysql::parse_version("9.7.4-2").number, 90704u);
  EXPECT_EQ(mysql::parse_version("26.10.0").number, 261000u);
  EXPECT_TRUE(mysql::parse_version("26.7").at_least(9, 6));
  const auto mariadb = mysql::parse_version("5.5.5-10.11.19-MariaDB-0+deb12u1");
  EXPECT_TRUE(mariadb.mariadb);
  EXPECT_EQ(mariadb.number, 101119u);
}

TEST(ReaderIdentity, IsStableAndDiffersByShard) {
  const auto a = reader_identity("shop", "s0", "host", 0);
  EXPECT_EQ(a.uuid, reader_identity("shop", "s0", "host", 0).uuid);
  EXPECT_NE(a.uuid, reader_identity("shop", "s1", "host", 0).uuid);
  EXPECT_NE(a.server_id, 0u);
  EXPECT_EQ(reader_identity("shop", "s0", "host", 7).server_id, 7u);
  EXPECT_TRUE(parse_uuid(a.uuid));
}

TEST(ColumnTypes, MembersAreUnescaped) {
  EXPECT_EQ(type_members("enum('a','b''c','d\\\\e','x,y','')"),
            (std::vector<std::string>{"a", "b'c", "d\\e", "x,y", ""}));
  EXPECT_EQ(type_members("set('한글')"), std::vector<std::string>{"한글"});
  EXPECT_TRUE(type_members("int").empty());
  EXPECT_EQ(type_members("enum('cut"), std::vector<std::string>{"cut"});
}

TEST(ColumnTypes, NearestNameIsNearEnough) {
  EXPECT_EQ(nearest_name("totl", {"id", "total"}), "total");
  EXPECT_EQ(nearest_name("ORDERS", {"orders"}), "orders");
  EXPECT_EQ(nearest_name("customer", {"x", "yz"}), std::nullopt);
}

TEST(QuotedName, DoublesBackticks) { EXPECT_EQ(mysql::quoted_name("a`b"), "`a``b`"); }

TEST(CapturedTables, WantTheirKeyBesidesTheNamedColumns) {
  TableSchema schema{{"shop", "t"}, {{"id", {}}, {"a", {}}, {"b", {}}}, {0}};
  TableSelection selection;
  selection.table = "t";
  selection.columns = {"b"};
  const auto tables = CapturedTables::build({&selection, 1}, {&schema, 1});
  ASSERT_TRUE(tables);
  EXPECT_EQ(tables->tables()[0].wanted, (std::vector<bool>{true, false, true}));
  selection.columns = {"nope"};
  EXPECT_EQ(CapturedTables::build({&selection, 1}, {&schema, 1}).error().code, "source.no_column");
}

EventView event(EventType type, std::string_view body, std::uint32_t end_position = 0,
                std::uint32_t size = 100) {
  EventView view;
  view.header.type = type;
  view.header.end_position = end_position;
  view.header.size = size;
  view.body = body;
  return view;
}

TEST(StreamCursor, CountsInSixtyFourBits) {
  StreamCursor cursor;
  const std::string_view rotate("\4\0\0\0\0\0\0\0bin.000001", 18);
  ASSERT_TRUE(cursor.pass(event(EventType::rotate, rotate)));
  EXPECT_EQ(cursor.position(), (BinlogPosition{"bin.000001", 4}));
  ASSERT_TRUE(cursor.pass(event(EventType::xid, "", 0xfffffff0u)));
  ASSERT_TRUE(cursor.pass(event(EventType::xid, "", 0x10)));
  EXPECT_EQ(cursor.position().offset, 0x100000010ull);
  ASSERT_TRUE(cursor.pass(event(EventType::table_map, "", 0, 50)));
  EXPECT_EQ(cursor.position().offset, 0x100000010ull + 50);
  EventView made = event(EventType::query, "", 7);
  made.header.flags = event_flag::artificial;
  ASSERT_TRUE(cursor.pass(made));
  EXPECT_EQ(cursor.position().offset, 0x100000010ull + 50);
}

void fill_and_read(std::size_t above_bytes, bool spooled) {
  RowBuffer buffer({above_bytes, ::testing::TempDir()});
  const std::string large(3u << 20, 'x');
  for (std::uint32_t i = 0; i < 100; ++i) {
    const std::string body = i == 50 ? large : "row event " + std::to_string(i);
    EventView view = event(EventType::write_rows, body);
    view.offset = i;
    ASSERT_TRUE(buffer.append({view, i}));
  }
  ASSERT_TRUE(buffer.finish());
  EXPECT_EQ(buffer.spooled(), spooled);
  for (int pass = 0; pass < 2; ++pass) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      const auto stored = buffer.next();
      ASSERT_TRUE(stored && *stored);
      EXPECT_EQ((*stored)->skipped_before, i);
      EXPECT_EQ((*stored)->event.offset, i);
      EXPECT_TRUE((*stored)->event.body == (i == 50 ? large : "row event " + std::to_string(i)));
    }
    EXPECT_FALSE(*buffer.next());
    buffer.rewind();
  }
}

TEST(RowBuffer, KeepsEventsInMemory) { fill_and_read(64u << 20, false); }
TEST(RowBuffer, SpoolsPastItsLimit) { fill_and_read(1000, true); }

TEST(RowBuffer, TellsWhereItCannotSpool) {
  RowBuffer buffer({10, "/no/such/folder"});
  const auto appended = buffer.append({event(EventType::write_rows, "more than ten bytes"), 0});
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, "source.spool");
  EXPECT_EQ(appended.error().disposition, Disposition::retry);
}

}  // namespace
}  // namespace tailrace::capture
