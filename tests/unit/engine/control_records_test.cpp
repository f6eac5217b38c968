#include "engine/control_records.hpp"

#include <gtest/gtest.h>

namespace tailrace::engine {
namespace {

TEST(ControlRecords, APositionComesBackWithWhatIsPrepared) {
  SavedPosition position;
  position.epoch = 3;
  position.seq = 70'000;
  position.source.gtid_set = *GtidSet::parse("11111111-2222-3333-4444-555555555555:1-9");
  position.source.binlog = {"binlog.000007", 5'000'000'000};
  position.source.server_uuid = "11111111-2222-3333-4444-555555555555";
  position.source.snapshot = SnapshotPhase::done;
  position.source.prepared = {{"1,61,",
                               true,
                               *GtidSet::parse("11111111-2222-3333-4444-555555555555:1-5"),
                               {"binlog.000006", 4}},
                              {"1,62,", false, {}, {"", 0}}};
  const std::string bytes = encode(position);
  const auto read = decode_position(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->source.prepared, position.source.prepared);
  EXPECT_EQ(encode(*read), bytes);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(decode_position(std::string_view(bytes).substr(0, cut))) << cut;
  }
}

TEST(ControlRecords, SchemasComeBackWithTheirVersion) {
  SavedSchemas schemas;
  schemas.version = 4;
  TableSchema& table = schemas.tables.emplace_back();
  table.id = {"shop", "orders"};
  table.columns.push_back({"id", {}});
  table.columns.push_back({"state", {}});
  table.columns[1].type.kind = ColumnKind::enumeration;
  table.columns[1].type.members = {"PLACED", "PAID"};
  table.columns[1].type.charset = "utf8mb4";
  table.primary_key = {0};
  const auto read = decode_schemas(encode(schemas));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, 4u);
  EXPECT_EQ(read->tables, schemas.tables);
}

}  // namespace
}  // namespace tailrace::engine
