#include "capture/cascade_checks.hpp"
#include "capture/catalog.hpp"
#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

using Preflight = ServerTest;

TEST_F(Preflight, TellsEveryProblemAtOnceWithItsCure) {
  Database database("cap_preflight");
  const std::string user = "u" + database.name().substr(database.name().rfind('_'));
  database.run_all({"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE no_key (id INT)",
                    "CREATE USER " + user + " IDENTIFIED BY 'secret'",
                    "GRANT SELECT ON " + database.name() + ".* TO " + user});
  BinlogSourceOptions options = database.source({{.table = "t"}, {.table = "no_key"}});
  options.mysql.user = user;
  options.mysql.password = Secret("secret");
  auto source = must(BinlogSource::create(options));
  const auto started = source->start({});
  database.run("DROP USER " + user);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "source.preflight");
  const std::string& text = started.error().message;
  EXPECT_NE(text.find("no_key has no primary key"), std::string::npos) << text;
  const std::string client = on_mariadb() ? "BINLOG MONITOR" : "REPLICATION CLIENT";
  EXPECT_NE(text.find("GRANT REPLICATION SLAVE, " + client + " ON *.* TO '" + user + "'@'%';"),
            std::string::npos)
      << text;
}

TEST_F(Preflight, NamesTheNearestTableAndColumn) {
  Database database("cap_names");
  database.run("CREATE TABLE orders (id INT PRIMARY KEY, total INT)");
  MysqlOptions options = server_options();
  options.database = database.name();
  const TableSelection wrong_table[] = {{.table = "order"}};
  auto schemas = read_table_schemas(options, wrong_table);
  ASSERT_FALSE(schemas);
  EXPECT_EQ(schemas.error().code, "source.no_table");
  EXPECT_NE(schemas.error().message.find("'orders'"), std::string::npos);
  const TableSelection wrong_column[] = {{.table = "orders", .columns = {"totl"}}};
  schemas = read_table_schemas(options, wrong_column);
  ASSERT_FALSE(schemas);
  EXPECT_EQ(schemas.error().code, "source.no_column");
  EXPECT_NE(schemas.error().message.find("'total'"), std::string::npos);
}

TEST_F(Preflight, ReadsTypesKeysAndMembers) {
  Database database("cap_catalog");
  database.run(
      "CREATE TABLE t (b INT UNSIGNED, a VARCHAR(10) CHARACTER SET latin1, "
      "d DECIMAL(10,2), e ENUM('x', 'it''s', 'back\\\\slash', 'unsigned', 'a,b', '') "
      "NOT NULL, n BIT(9), f DATETIME(4), PRIMARY KEY (a, b))");
  const BinlogSourceOptions options =
      database.source({{.table = "t", .decimals_as_numbers = true}});
  const TableSchema& t = options.schemas[0];
  EXPECT_EQ(t.primary_key, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_TRUE(t.columns[0].type.is_unsigned);
  EXPECT_EQ(t.columns[1].type.charset, "latin1");
  EXPECT_EQ(t.columns[1].type.length, 10u);
  EXPECT_EQ(t.columns[2].type.precision, 10);
  EXPECT_EQ(t.columns[2].type.scale, 2);
  EXPECT_TRUE(t.columns[2].type.decimal_as_number);
  EXPECT_EQ(t.columns[3].type.members,
            (std::vector<std::string>{"x", "it's", "back\\slash", "unsigned", "a,b", ""}));
  EXPECT_FALSE(t.columns[3].type.nullable);
  EXPECT_FALSE(t.columns[3].type.is_unsigned);
  EXPECT_EQ(t.columns[4].type.length, 9u);
  EXPECT_EQ(t.columns[5].type.fraction_digits, 4);
}

// Newer servers log what cascades do, so nothing is hidden; then the rows must really arrive.
TEST_F(Preflight, CascadesAreLoggedOrRefused) {
  Database database("cap_cascade");
  database.run_all({"CREATE TABLE p (id INT PRIMARY KEY)",
                    "CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT c_p FOREIGN KEY (p) "
                    "REFERENCES p (id) ON DELETE CASCADE)",
                    "INSERT INTO p VALUES (1), (2)",
                    "INSERT INTO c VALUES (10, 1), (20, 2), (11, 1)"});
  const BinlogSourceOptions options = database.source({{.table = "p"}, {.table = "c"}});
  const auto hidden = must(find_hidden_cascades(database.root(), database.name(), options.tables));
  Reading reading(options);
  if (!hidden.empty()) {
    EXPECT_NE(hidden[0].problem.find("c_p"), std::string::npos);
    EXPECT_EQ(reading.source().start({}).error().code, "source.preflight");
    return;
  }
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  database.run("DELETE FROM p WHERE id = 1");
  ASSERT_TRUE(reading.read_until(database.executed(), 20));
  EXPECT_EQ(reading.tables["c"].size(), 1u);
}

// What documents can follow is asked for by the lines to paste, the rest by SQL; what is declared
// is compared with the keys on every server.
TEST_F(Preflight, DeclaredCascadesMustFitTheKeys) {
  Database database("cap_declared");
  database.run_all({"CREATE TABLE p (id INT PRIMARY KEY)",
                    "CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT c_p FOREIGN KEY (p) "
                    "REFERENCES p (id) ON DELETE CASCADE)"});
  const auto problems = [&](TableSelection child) {
    child.table = "c";
    const std::vector<TableSelection> tables{{.table = "p"}, std::move(child)};
    return must(find_hidden_cascades(database.root(), database.name(), tables));
  };
  const ForeignKeyCascade key{{"p"}, "p", false};
  const bool logged = problems({}).empty();
  if (!logged) {
    EXPECT_NE(problems({})[0].cure.find("DROP FOREIGN KEY `c_p`"), std::string::npos);
    EXPECT_NE(problems({.may_declare = {key}})[0].cure.find(
                  "\ntables:\n  c: { cascade: { on: p, references: p, delete: cascade } }"),
              std::string::npos);
  }
  EXPECT_TRUE(problems({.cascades = {key}, .may_declare = {key}}).empty());
  const auto other_rule = problems({.cascades = {{{"p"}, "p", true}}});
  ASSERT_EQ(other_rule.size(), 1u);
  EXPECT_NE(other_rule[0].problem.find("says ON DELETE CASCADE"), std::string::npos);
  const auto no_key = problems({.cascades = {key, {{"id"}, "p", false}}});
  ASSERT_EQ(no_key.size(), 1u);
  EXPECT_NE(no_key[0].problem.find("has no foreign key (id) to p"), std::string::npos);
  database.run(
      "ALTER TABLE c ADD CONSTRAINT again FOREIGN KEY (p) REFERENCES p (id) ON UPDATE CASCADE");
  EXPECT_EQ(problems({.cascades = {key}}).size(), logged ? 0u : 1u);
  EXPECT_EQ(problems({.columns = {"id"}, .cascades = {key}}).size(), 0u);  // `p` is not read
}

}  // namespace
}  // namespace tailrace::capture::testing
