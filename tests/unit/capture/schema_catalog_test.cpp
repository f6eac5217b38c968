#include "capture/schema_catalog.hpp"

#include <gtest/gtest.h>

namespace tailrace::capture {
namespace {

class Catalog {
 public:
  explicit Catalog(bool mariadb = false, bool ignore_case = false)
      : catalog_(ignore_case), mariadb_(mariadb) {}

  bool run(std::string_view sql, bool ansi_quotes = false) {
    return catalog_.apply({sql, "shop", {.ansi_quotes = ansi_quotes, .mariadb = mariadb_}});
  }
  // "id:integer name:varchar(10)/utf8mb4 key(id)", or "unknown", or "none".
  std::string show(const std::string& table, const std::string& database = "shop") {
    const TableDefinition* const found = catalog_.find({database, table});
    if (found == nullptr) return catalog_.is_unknown({database, table}) ? "unknown" : "none";
    std::string out;
    for (const Column& column : found->schema.columns) {
      out += (out.empty() ? "" : " ") + column.name + ":" + text(column.type);
    }
    out += " key(";
    for (const std::uint32_t column : found->schema.primary_key) {
      if (!out.ends_with('(')) out += ",";
      out += found->schema.columns[column].name;
    }
    return out + ")";
  }
  SchemaCatalog& catalog() { return catalog_; }

 private:
  static std::string text(const ColumnType& type) {
    std::string out = std::to_string(static_cast<int>(type.kind));
    if (type.is_unsigned) out += "u";
    if (type.length != 0) out += "(" + std::to_string(type.length) + ")";
    if (type.precision != 0) {
      out += "(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    }
    if (type.fraction_digits != 0) out += "." + std::to_string(type.fraction_digits);
    if (!type.charset.empty()) out += "/" + type.charset;
    for (const std::string& member : type.members) out += "'" + member + "'";
    if (!type.nullable) out += "!";
    return out;
  }

  SchemaCatalog catalog_;
  bool mariadb_;
};

std::string kind(ColumnKind kind) { return std::to_string(static_cast<int>(kind)); }
const std::string int_kind = kind(ColumnKind::integer);
const std::string varchar_kind = kind(ColumnKind::varchar);

TEST(SchemaCatalog, ReadsColumnsOfEveryType) {
  Catalog catalog;
  catalog.run(
      "CREATE TABLE `t` (`id` bigint(20) unsigned NOT NULL AUTO_INCREMENT, a INT(11) DEFAULT '-1', "
      "b decimal(10,2) DEFAULT 1.50 COMMENT 'a, (b', c dec, d enum('x','it''s','a\\nb') NOT NULL, "
      "e datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), f bit(7), "
      "g double precision, h varchar(10) CHARACTER SET latin1 COLLATE latin1_bin, "
      "i text, j json, k varbinary(3), l char, m national varchar(4), n long varbinary, "
      "o bool DEFAULT true, p year(4), q point NOT NULL SRID 4326, r tinytext BINARY, "
      "s char(3) character set binary, u float(30), v serial, "
      "w int GENERATED ALWAYS AS ((`a` + 1)) VIRTUAL, x int REFERENCES y (z) ON DELETE SET NULL, "
      "PRIMARY KEY (`id`,`a`) USING BTREE, KEY `k` (`b`,`c`(10)), UNIQUE KEY (`d`), "
      "CONSTRAINT `fk` FOREIGN KEY (a) REFERENCES o (id) ON DELETE CASCADE, CHECK ((a > 0))) "
      "ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci "
      "COMMENT='SELECT it' /*!50100 PARTITION BY HASH (id) PARTITIONS 4 */");
  EXPECT_EQ(
      catalog.show("t"),
      "id:" + kind(ColumnKind::bigint) + "u! a:" + int_kind + "! b:" + kind(ColumnKind::decimal) +
          "(10,2) c:" + kind(ColumnKind::decimal) + "(10,0) d:" + kind(ColumnKind::enumeration) +
          "/utf8mb4'x''it's''a\nb'! e:" + kind(ColumnKind::datetime) +
          ".6 f:" + kind(ColumnKind::bit) + "(7) g:" + kind(ColumnKind::float64) +
          " h:" + varchar_kind + "(10)/latin1 i:" + kind(ColumnKind::text) +
          "(65535)/utf8mb4 j:" + kind(ColumnKind::json) + " k:" + kind(ColumnKind::varbinary) +
          "(3) l:" + kind(ColumnKind::character) + "(1)/utf8mb4 m:" + varchar_kind +
          "(4)/utf8mb3 n:" + kind(ColumnKind::blob) + "(16777215) o:" + kind(ColumnKind::tinyint) +
          " p:" + kind(ColumnKind::year) + " q:" + kind(ColumnKind::geometry) +
          "! r:" + kind(ColumnKind::text) + "(255)/utf8mb4 s:" + kind(ColumnKind::binary) +
          "(3) u:" + kind(ColumnKind::float64) + " v:" + kind(ColumnKind::bigint) +
          "u! w:" + int_kind + " x:" + int_kind + " key(id,a)");
}

TEST(SchemaCatalog, ReadsWhatMariadbWrites) {
  Catalog catalog(/*mariadb=*/true);
  catalog.run(
      "CREATE TABLE t (id uuid NOT NULL DEFAULT uuid() PRIMARY KEY, a inet6, "
      "doc longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin CHECK (json_valid(`doc`)), "
      "other longtext CHECK (json_valid(`other`) and 1), j JSON, c text /*!100301 COMPRESSED*/, "
      "v vector(4) NOT NULL, VECTOR INDEX (v)) DEFAULT CHARSET=latin1");
  EXPECT_EQ(catalog.show("t"), "id:" + kind(ColumnKind::uuid) + "! a:" + kind(ColumnKind::inet6) +
                                   " doc:" + kind(ColumnKind::json) +
                                   "(4294967295)/utf8mb4 other:" + kind(ColumnKind::text) +
                                   "(4294967295)/latin1 j:" + kind(ColumnKind::json) +
                                   "(4294967295)/utf8mb4 c:" + kind(ColumnKind::text) +
                                   "(65535)/latin1 v:" + kind(ColumnKind::vector) + "(4)! key(id)");
}

TEST(SchemaCatalog, AppliesTheActionsOfOneAlterTogether) {
  Catalog catalog;
  catalog.run("CREATE TABLE t (a int, b int, c varchar(9), PRIMARY KEY (a))");
  EXPECT_TRUE(
      catalog.run("ALTER TABLE t CHANGE a b int, CHANGE b a int, ADD d int AFTER b, "
                  "ADD COLUMN e int FIRST, DROP COLUMN c, ADD INDEX (d), ENGINE=InnoDB"));
  EXPECT_EQ(catalog.show("t"),
            "e:" + int_kind + " b:" + int_kind + "! d:" + int_kind + " a:" + int_kind + " key(b)");
  catalog.run(
      "ALTER TABLE t ADD (f int, g int), RENAME COLUMN d TO h, MODIFY a int AFTER f, "
      "DROP PRIMARY KEY, ADD PRIMARY KEY (h), ALGORITHM=INSTANT, LOCK=NONE");
  EXPECT_EQ(catalog.show("t"), "e:" + int_kind + " b:" + int_kind + "! h:" + int_kind + "! f:" +
                                   int_kind + " a:" + int_kind + " g:" + int_kind + " key(h)");
  catalog.run("alter table shop.t drop h, add column if not exists g int, rename to u");
  EXPECT_EQ(catalog.show("t"), "none");
  EXPECT_EQ(catalog.show("u"), "e:" + int_kind + " b:" + int_kind + "! f:" + int_kind +
                                   " a:" + int_kind + " g:" + int_kind + " key()");
}

TEST(SchemaCatalog, FollowsCharacterSets) {
  Catalog catalog;
  catalog.run("CREATE DATABASE old DEFAULT CHARACTER SET latin1");
  catalog.run("CREATE TABLE old.t (a varchar(3), b varchar(3) charset utf8)");
  EXPECT_EQ(catalog.show("t", "old"),
            "a:" + varchar_kind + "(3)/latin1 b:" + varchar_kind + "(3)/utf8mb3 key()");
  catalog.run("ALTER TABLE old.t ADD c varchar(3)");
  catalog.run("ALTER TABLE old.t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
  EXPECT_EQ(catalog.show("t", "old"), "a:" + varchar_kind + "(3)/utf8mb4 b:" + varchar_kind +
                                          "(3)/utf8mb4 c:" + varchar_kind + "(3)/utf8mb4 key()");
  catalog.run("ALTER TABLE old.t DEFAULT CHARSET = latin2, ADD d varchar(1)");
  EXPECT_NE(catalog.show("t", "old").find("d:" + varchar_kind + "(1)/latin2"), std::string::npos);
}

TEST(SchemaCatalog, FollowsRenamesInTheirOrder) {
  Catalog catalog;
  catalog.run("CREATE TABLE a (x int)");
  catalog.run("CREATE TABLE b (y int)");
  EXPECT_TRUE(catalog.run("RENAME TABLE a TO c, b TO a, c TO b"));
  EXPECT_EQ(catalog.show("a"), "y:" + int_kind + " key()");
  EXPECT_EQ(catalog.show("b"), "x:" + int_kind + " key()");
  catalog.run("CREATE TABLE `_a_gho` LIKE `shop`.`a`");
  catalog.run("ALTER TABLE `shop`.`_a_gho` ADD z int");
  catalog.run(
      "rename /* gh-ost */ table `shop`.`a` to `shop`.`_a_del`, `shop`.`_a_gho` to "
      "`shop`.`a`");
  EXPECT_EQ(catalog.show("a"), "y:" + int_kind + " z:" + int_kind + " key()");
  catalog.run("DROP TABLE IF EXISTS `_a_del`,`b` /* generated by server */");
  EXPECT_EQ(catalog.show("b"), "none");
  EXPECT_EQ(catalog.show("_a_del"), "none");
  catalog.run("RENAME TABLE never_heard_of TO a");
  EXPECT_EQ(catalog.show("a"), "none") << "it is another table now";
}

TEST(SchemaCatalog, DoesNotGuess) {
  Catalog catalog;
  catalog.run("CREATE TABLE a (x int)");
  catalog.run("CREATE TABLE b SELECT * FROM a");
  EXPECT_EQ(catalog.show("b"), "unknown");
  catalog.run("CREATE TABLE c (x int) AS SELECT 1 AS y");
  EXPECT_EQ(catalog.show("c"), "unknown");
  catalog.run("CREATE TABLE d (x hyperlink)");
  EXPECT_EQ(catalog.show("d"), "unknown");
  catalog.run("CREATE TABLE IF NOT EXISTS e (x int)");
  EXPECT_EQ(catalog.show("e"), "unknown") << "it may have existed with other columns";
  catalog.run("CREATE TABLE IF NOT EXISTS a (y int)");
  EXPECT_EQ(catalog.show("a"), "x:" + int_kind + " key()");
  EXPECT_TRUE(catalog.run("ALTER TABLE a FROBNICATE, RENAME TO f"));
  EXPECT_EQ(catalog.show("a"), "none");
  EXPECT_EQ(catalog.show("f"), "unknown");
  catalog.run("CREATE TABLE g (x int)");
  catalog.run("ALTER TABLE g DROP COLUMN never");
  EXPECT_EQ(catalog.show("g"), "unknown");
  catalog.run("CREATE TABLE h (x int)");
  catalog.run("ALTER TABLE h ADD SYSTEM VERSIONING");
  EXPECT_EQ(catalog.show("h"), "unknown");
}

TEST(SchemaCatalog, ReadsHostileNames) {
  Catalog catalog;
  const std::string name(64, 'n');
  catalog.run("CREATE TABLE `we``ird`.`a\n'b\"` (`co,l)` int, `check` int, `" + name +
              "` int, `\xF0\x9F\x98\x80` int, `primary` int, PRIMARY KEY (`co,l)`))");
  EXPECT_EQ(catalog.show("a\n'b\"", "we`ird"),
            "co,l):" + int_kind + "! check:" + int_kind + " " + name + ":" + int_kind +
                " \xF0\x9F\x98\x80:" + int_kind + " primary:" + int_kind + " key(co,l))");
  catalog.run(R"(CREATE TABLE "q" ("a b" int DEFAULT 'it"s'))", /*ansi_quotes=*/true);
  EXPECT_EQ(catalog.show("q"), "a b:" + int_kind + " key()");
}

TEST(SchemaCatalog, ReadsVersionedCommentsAsTheServerDid) {
  SchemaCatalog catalog;
  const std::string_view sql =
      "CREATE TABLE t (a int /*!80023 INVISIBLE */, b int /*!99999 UNSIGNED */)";
  catalog.apply({sql, "shop", {.version = 80036}});
  const TableDefinition* const table = catalog.find({"shop", "t"});
  ASSERT_NE(table, nullptr);
  EXPECT_FALSE(table->schema.columns[1].type.is_unsigned);
  catalog.apply({"CREATE OR REPLACE TABLE t (b int /*!50701 UNSIGNED */ /*M!100000 NOT NULL */)",
                 "shop",
                 {.version = 101119, .mariadb = true}});
  const Column column = catalog.find({"shop", "t"})->schema.columns[0];
  EXPECT_FALSE(column.type.is_unsigned) << "MySQL 5.7's";
  EXPECT_FALSE(column.type.nullable);
}

TEST(SchemaCatalog, IgnoresTheCaseOfTablesWhereTheServerDoes) {
  Catalog catalog(false, /*ignore_case=*/true);
  catalog.run("CREATE TABLE T (a int)");
  EXPECT_EQ(catalog.show("t", "SHOP"), "a:" + int_kind + " key()");
}

TEST(SchemaCatalog, SurvivesARestart) {
  Catalog catalog;
  catalog.run("CREATE DATABASE d CHARSET latin1");
  catalog.run("CREATE TABLE a (x enum('p','q') NOT NULL PRIMARY KEY, y decimal(5,2))");
  catalog.run("CREATE TABLE b SELECT 1");
  const auto read = SchemaCatalog::decode(catalog.catalog().encode());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->encode(), catalog.catalog().encode());
  EXPECT_EQ(*read->find({"shop", "a"}), *catalog.catalog().find({"shop", "a"}));
  const std::string bytes = catalog.catalog().encode();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(SchemaCatalog::decode(std::string_view(bytes).substr(0, cut))) << cut;
  }
}

}  // namespace
}  // namespace tailrace::capture
