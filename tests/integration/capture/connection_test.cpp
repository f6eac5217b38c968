#include <cstdlib>
#include <filesystem>
#include <thread>

#include "reading.hpp"

namespace tailrace::capture::testing {
namespace {

using mysql::Connection;
using mysql::Use;
using Connections = ServerTest;

// MariaDB 11 makes itself a certificate as MySQL does; MySQL 5.6 and older MariaDBs do not.
bool encrypts() {
  MysqlOptions options = server_options();
  options.tls = TlsMode::preferred;
  return must(Connection::connect(options, Use::sql)).encrypted();
}

std::string code_of(const MysqlOptions& options) {
  const auto connection = Connection::connect(options, Use::sql);
  return connection ? "" : connection.error().code;
}

TEST_F(Connections, EncryptAsTheirModeSays) {
  if (!encrypts()) GTEST_SKIP() << "it has no certificate here: see the next one";
  MysqlOptions options = server_options();
  options.tls = TlsMode::disabled;
  EXPECT_FALSE(must(Connection::connect(options, Use::sql)).encrypted());
  options.tls = TlsMode::preferred;
  EXPECT_TRUE(must(Connection::connect(options, Use::sql)).encrypted());
  options.tls = TlsMode::required;
  EXPECT_TRUE(must(Connection::connect(options, Use::sql)).encrypted());
}

TEST_F(Connections, ThatMustBeEncryptedAreNotMadeInPlain) {
  if (encrypts()) GTEST_SKIP() << "MySQL and MariaDB 11 make themselves a certificate";
  MysqlOptions options = server_options();
  options.tls = TlsMode::preferred;
  EXPECT_FALSE(must(Connection::connect(options, Use::sql)).encrypted());
  for (const TlsMode mode : {TlsMode::required, TlsMode::verify_ca, TlsMode::verify_identity}) {
    options.tls = mode;
    EXPECT_EQ(code_of(options), "source.tls");
  }
}

TEST_F(Connections, VerifyTheServersCertificate) {
  if (on_mariadb() || !encrypts()) GTEST_SKIP() << "it has no certificate file here";
  const char* stack = std::getenv("TAILRACE_STACK_DIR");
  const std::string data = stack ? std::string(stack) + "/mysql/data" : "";
  if (data.empty() || !std::filesystem::exists(data + "/ca.pem")) GTEST_SKIP() << "no stack folder";
  MysqlOptions options = server_options();
  options.tls = TlsMode::verify_ca;
  options.tls_ca = data + "/ca.pem";
  EXPECT_TRUE(must(Connection::connect(options, Use::sql)).encrypted());
  options.tls = TlsMode::verify_identity;  // The certificate that the server made names no host.
  EXPECT_EQ(code_of(options), "source.tls");
  options.tls = TlsMode::verify_ca;
  options.tls_ca = "";
  EXPECT_EQ(code_of(options), "source.tls");
  options.tls_ca = data + "/no-such-file.pem";
  EXPECT_EQ(code_of(options), "source.tls");
}

TEST_F(Connections, ThatAreRefusedAreNotRetried) {
  MysqlOptions options = server_options();
  options.password = Secret("wrong");
  EXPECT_EQ(code_of(options), "source.access_denied");
  options.port = 1;
  const auto unreachable = Connection::connect(options, Use::sql);
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().disposition, Disposition::retry);
}

TEST_F(Connections, AreInterruptedFromAnotherThread) {
  for (const TlsMode mode : {TlsMode::disabled, TlsMode::required}) {
    if (mode == TlsMode::required && !encrypts()) continue;
    MysqlOptions options = server_options();
    options.tls = mode;
    auto interrupter = std::make_shared<mysql::Interrupter>();
    Connection connection = must(Connection::connect(options, Use::sql, interrupter));
    std::jthread waker([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      interrupter->interrupt();
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto slept = connection.query("SELECT SLEEP(20)");
    ASSERT_FALSE(slept);
    EXPECT_EQ(slept.error().disposition, Disposition::retry) << slept.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    const auto late = Connection::connect(options, Use::sql, interrupter);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, "source.stopped");
  }
}

TEST_F(Connections, QuoteNamesAndTexts) {
  Database database("cap_quote");
  const std::string name = "we`ird \"na\n'me\" 한글";
  database.run("CREATE TABLE " + mysql::quoted_name(name) + " (id INT PRIMARY KEY, v TEXT)");
  const std::string text = std::string("a'b\\c\"d\n\0e", 10) + " 🍗";
  database.run("INSERT INTO " + mysql::quoted_name(name) + " VALUES (1, " +
               database.root().literal(text) + ")");
  EXPECT_EQ(database.scalar("SELECT v FROM " + mysql::quoted_name(name)), text);

  BinlogSourceOptions options = database.source({{.table = name}});
  Reading reading(options);
  reading.start();
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  database.run("DELETE FROM " + mysql::quoted_name(name));
  database.run("INSERT INTO " + mysql::quoted_name(name) + " VALUES (2, '')");
  ASSERT_TRUE(reading.read_until(database.executed(), 10));
  EXPECT_EQ(reading.tables[name].size(), 1u);
}

}  // namespace
}  // namespace tailrace::capture::testing
