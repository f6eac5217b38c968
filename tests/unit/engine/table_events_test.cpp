#include "engine/table_events.hpp"

#include <gtest/gtest.h>

namespace tailrace::engine {
namespace {

Column column(const std::string& name, ColumnKind kind = ColumnKind::integer) {
  Column made{name, {}};
  made.type.kind = kind;
  return made;
}

std::vector<TableSchema> known() {
  return {{{"shop", "orders"}, {column("id"), column("total")}, {0}},
          {{"shop", "users"}, {column("id")}, {0}}};
}

TableEvent altered(std::vector<Column> now) {
  TableEvent event{TableEventKind::definition_changed, {"shop", "orders"}, "ALTER TABLE orders …"};
  event.now =
      std::make_shared<const TableSchema>(TableSchema{{"shop", "orders"}, std::move(now), {0}});
  return event;
}

const FitToFile as_it_is = [](TableSchema schema) { return schema; };

TEST(TableEvents, AddedColumnsAreAppendedWhereverTheTableHasThem) {
  auto schemas = known();
  TableEvent event = altered({column("first"), column("id"), column("total"), column("last")});
  event.added = {"first", "last"};
  const auto grown = follow(event, {}, as_it_is, schemas);
  ASSERT_TRUE(grown) << grown.error().message;
  EXPECT_TRUE(*grown);
  std::string names;
  for (const Column& each : schemas[0].columns) names += each.name + " ";
  EXPECT_EQ(names, "id total first last ") << "places of the others stay";
  EXPECT_FALSE(*follow(event, {}, as_it_is, schemas)) << "once";
}

TEST(TableEvents, WhatTheFileExcludesIsNotFollowed) {
  auto schemas = known();
  TableEvent event = altered({column("id"), column("total"), column("secret")});
  event.added = {"secret"};
  const FitToFile without = [](TableSchema schema) {
    schema.columns.pop_back();
    return schema;
  };
  EXPECT_FALSE(*follow(event, {}, without, schemas));
  EXPECT_EQ(schemas, known());
}

TEST(TableEvents, EachPolicyIsForItsOwn) {
  auto schemas = known();
  TableEvent added = altered({column("id"), column("total"), column("x")});
  added.added = {"x"};
  TableEvent dropped = altered({column("id")});
  dropped.dropped = {"total"};
  TableEvent changed = altered({column("id"), column("total", ColumnKind::varchar)});
  changed.changed = {"total"};
  const auto code = [&](const TableEvent& event, const SchemaPolicy& policy) {
    const auto done = follow(event, policy, as_it_is, schemas);
    return done ? std::string() : done.error().code;
  };
  using P = SchemaPolicy;
  EXPECT_EQ(code(added, {.add_column = P::AddColumn::ignore}), "");
  EXPECT_EQ(schemas, known());
  EXPECT_EQ(code(added, {.add_column = P::AddColumn::pause}), "source.schema_changed");
  EXPECT_EQ(code(dropped, {}), "");
  EXPECT_EQ(code(dropped, {.drop_column = P::DropColumn::pause}), "source.schema_changed");
  EXPECT_EQ(code(changed, {}), "source.schema_changed");
  EXPECT_EQ(code(changed, {.other = P::Other::follow}), "");
  EXPECT_EQ(code(altered({column("id"), column("total")}), {}), "") << "an index";
}

TEST(TableEvents, WhatNoRowTellsWaitsForADecision) {
  auto schemas = known();
  for (const TableEventKind kind :
       {TableEventKind::drop, TableEventKind::replaced, TableEventKind::rows_moved}) {
    const TableEvent event{kind, {"shop", "orders"}, "DROP TABLE orders"};
    const auto done = follow(event, {}, as_it_is, schemas);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().disposition, Disposition::halt);
    EXPECT_NE(done.error().message.find("DROP TABLE orders"), std::string::npos);
    EXPECT_NE(done.error().message.find("on_schema_change.other: follow"), std::string::npos);
    EXPECT_TRUE(follow(event, {.other = SchemaPolicy::Other::follow}, as_it_is, schemas));
  }
}

TEST(TableEvents, OnlyEmptiedTablesAreSwept) {
  auto schemas = known();
  const TableEvent emptied{TableEventKind::truncate, {"shop", "orders"}, "TRUNCATE orders"};
  EXPECT_TRUE(follow(emptied, {}, as_it_is, schemas));
  EXPECT_TRUE(empties(emptied));
  EXPECT_TRUE(empties({TableEventKind::drop, {"shop", "orders"}, "DROP TABLE orders"}));
  EXPECT_FALSE(empties({TableEventKind::replaced, {"shop", "orders"}, "RENAME TABLE x TO orders"}));
  EXPECT_FALSE(empties(altered({})));
}

}  // namespace
}  // namespace tailrace::engine
