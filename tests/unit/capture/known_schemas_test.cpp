// Definitions from files of statements, believed only where the binlog does not contradict them.
#include "capture/known_schemas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/schema_script.hpp"

namespace tailrace::capture {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> tables_of(const SchemaCatalog& catalog) {
  std::vector<std::string> names;
  for (const TableId& id : catalog.tables()) names.push_back(id.text());
  return names;
}

TEST(SchemaScript, SplitsAtDelimitersOutsideOfQuotesAndComments) {
  EXPECT_THAT(
      split_script("SELECT ';', \"a;'b\", `c;d`, 'it''s;', 'x\\';' -- e;f\n, 1 # g;h\n; /* i;j */ "
                   "SELECT 2;;\n-- k;l\nSELECT 3"),
      ElementsAre(testing::_, "/* i;j */ SELECT 2", "SELECT 3"));
  EXPECT_THAT(
      split_script("DELIMITER //\nCREATE TRIGGER t BEGIN a; b; END//\ndelimiter ;\nUSE x; y"),
      ElementsAre("CREATE TRIGGER t BEGIN a; b; END", "USE x", "y"));
  EXPECT_THAT(split_script(" \n -- nothing\n ; ; "), ElementsAre());
  EXPECT_THAT(split_script("'never closed; "), ElementsAre("'never closed; "));
}

TEST(SchemaScript, ReadsWhatDumpsAndPeopleWrite) {
  const auto catalog = read_schema_script(R"(-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE loose (a INT);
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop`;
USE `shop`;
DROP TABLE IF EXISTS `orders`;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `orders` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT, -- the; key
  `note` varchar(20) DEFAULT ';',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
DELIMITER ;;
/*!50003 CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW BEGIN SET @a = 1; END */;;
DELIMITER ;
create table if not exists other.items (id int primary key) ;
INSERT INTO orders VALUES (1, 'x; CREATE TABLE no (a INT);');
ALTER TABLE orders ADD COLUMN total DECIMAL(10,2))");
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_THAT(tables_of(*catalog), ElementsAre(".loose", "other.items", "shop.orders"));
  const TableDefinition* const orders = catalog->find({"shop", "orders"});
  ASSERT_NE(orders, nullptr);
  ASSERT_EQ(orders->schema.columns.size(), 3u);
  EXPECT_TRUE(orders->schema.columns[0].type.is_unsigned);
  EXPECT_EQ(orders->schema.columns[1].type.charset, "latin1");
  EXPECT_EQ(orders->schema.columns[2].name, "total");
  EXPECT_THAT(orders->schema.primary_key, ElementsAre(0u));
  ASSERT_NE(catalog->find({"other", "items"}), nullptr);
}

TEST(SchemaScript, HaltsWithoutATable) {
  const auto catalog = read_schema_script("USE shop; SELECT 1;");
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().code, "schema.no_tables");
}

KnownSchemas known(std::string_view script) {
  auto catalog = read_schema_script(script);
  EXPECT_TRUE(catalog);
  return KnownSchemas(std::move(*catalog));
}

TEST(SchemaScript, DoesNotBelieveMembersThatADumpMayHaveChanged) {
  const auto catalog =
      read_schema_script("CREATE TABLE s.t (e ENUM('x', '?'), s SET('x', 'really?'), f ENUM('y'))");
  ASSERT_TRUE(catalog);
  const TableDefinition* const table = catalog->find({"s", "t"});
  ASSERT_NE(table, nullptr);
  EXPECT_THAT(table->schema.columns[0].type.members, ElementsAre());
  EXPECT_THAT(table->schema.columns[1].type.members, ElementsAre());
  EXPECT_THAT(table->schema.columns[2].type.members, ElementsAre("y"));
}

// shop.t as a server without any metadata logs it: INT, VARCHAR(20) of utf8mb4, DECIMAL(10,2).
TableMap logged_table() {
  TableMap map;
  map.id = {"shop", "t"};
  map.columns.resize(3);
  map.columns[0].type = WireType::integer;
  map.columns[1].type = WireType::varchar;
  map.columns[1].meta = 80;
  map.columns[2].type = WireType::newdecimal;
  map.columns[2].meta = 2 << 8 | 10;
  return map;
}

TEST(KnownSchemas, NameColumnsWhereTheShapeFits) {
  const auto shape = known(
                         "CREATE TABLE shop.t (id INT UNSIGNED PRIMARY KEY, name VARCHAR(20), "
                         "price DECIMAL(10,2)) CHARSET utf8mb4")
                         .shape_of(logged_table());
  EXPECT_TRUE(shape.known);
  EXPECT_EQ(shape.difference, "");
  EXPECT_EQ(shape.schema->columns[1].name, "name");
  EXPECT_TRUE(shape.schema->columns[0].type.is_unsigned);
  EXPECT_THAT(shape.schema->primary_key, ElementsAre(0u));
}

TEST(KnownSchemas, AreNotBelievedWhereTheShapeDiffers) {
  const std::pair<const char*, const char*> wrong[] = {
      {"id INT, name VARCHAR(20)", "2 columns, the binlog has 3"},
      {"id BIGINT, name VARCHAR(20), price DECIMAL(10,2)", "'id': it has another type"},
      {"id INT, name VARCHAR(30), price DECIMAL(10,2)", "'name': it has up to 80 bytes"},
      {"id INT, name VARCHAR(20), price DECIMAL(12,2)", "'price': it is DECIMAL(10,2)"},
      {"name VARCHAR(20), id INT, price DECIMAL(10,2)", "another type"},
  };
  for (const auto& [columns, what] : wrong) {
    const auto shape =
        known(std::string("CREATE TABLE shop.t (") + columns + ")").shape_of(logged_table());
    EXPECT_FALSE(shape.known) << columns;
    EXPECT_THAT(shape.difference, HasSubstr(what));
    EXPECT_EQ(shape.schema->columns[0].name, "c1");
  }
}

TEST(KnownSchemas, ComparesSignsAndCharacterSetsThatTheBinlogTells) {
  TableMap map = logged_table();
  map.columns[0].is_unsigned = false;
  const KnownSchemas is_unsigned =
      known("CREATE TABLE shop.t (id INT UNSIGNED, name VARCHAR(20), price DECIMAL(10,2))");
  EXPECT_THAT(is_unsigned.shape_of(map).difference, HasSubstr("'id': it is signed in the binlog"));
  map = logged_table();
  map.columns[1].collation = 8;  // latin1_swedish_ci
  map.columns[1].meta = 20;
  EXPECT_THAT(is_unsigned.shape_of(map).difference,
              HasSubstr("'name': its character set is latin1 in the binlog"));
}

TEST(KnownSchemas, KeepToTheBinlogsOwnWordsWhereItHasThem) {
  TableMap map = logged_table();
  map.has_names = true;
  map.columns[0].name = "a";
  map.columns[1].name = "b";
  map.columns[2].name = "c";
  const KnownSchemas schemas = known("CREATE TABLE shop.t (x INT, b JSON, y INT)");
  const auto shape = schemas.shape_of(map);
  EXPECT_EQ(shape.schema->columns[0].name, "a");
  EXPECT_EQ(shape.schema->columns[1].type.kind, ColumnKind::json) << "MariaDB logs it as text";
}

TEST(KnownSchemas, TakeATableWithoutADatabaseForEveryDatabase) {
  KnownSchemas schemas = known("CREATE TABLE t (id INT, name VARCHAR(20), price DECIMAL(10,2))");
  EXPECT_TRUE(schemas.shape_of(logged_table()).known);
  // From its first statement on the database's own table goes its own way.
  EXPECT_TRUE(schemas.apply({"ALTER TABLE t RENAME COLUMN price TO cost", "shop", {}}));
  EXPECT_EQ(schemas.shape_of(logged_table()).schema->columns[2].name, "cost");
  TableMap other = logged_table();
  other.id.database = "other";
  EXPECT_EQ(schemas.shape_of(other).schema->columns[2].name, "price");
  schemas.apply({"DROP TABLE shop.t", "", {}});
  EXPECT_FALSE(schemas.shape_of(logged_table()).known);
}

}  // namespace
}  // namespace tailrace::capture
