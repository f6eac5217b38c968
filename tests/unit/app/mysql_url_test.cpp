// Servers on the command line.
#include "app/mysql_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/binlog/read_point.hpp"

namespace tailrace::app {
namespace {

using testing::HasSubstr;

TEST(MysqlUrl, NamesUserPasswordHostPortAndDatabase) {
  const auto url = parse_mysql_url("mysql://reader:secret@db.example:3307/shop", "");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->options.user, "reader");
  EXPECT_EQ(url->options.password.reveal(), "secret");
  EXPECT_TRUE(url->shows_password);
  EXPECT_EQ(url->options.host, "db.example");
  EXPECT_EQ(url->options.port, 3307);
  EXPECT_EQ(url->options.database, "shop");
  EXPECT_EQ(url->options.tls, capture::TlsMode::preferred);
}

TEST(MysqlUrl, LeavesOutWhatIsUsual) {
  for (const char* text : {"mariadb://reader@db", "mysql://reader@db/", "mysql://reader:@db?"}) {
    const auto url = parse_mysql_url(text, "of the environment");
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(url->options.host, "db");
    EXPECT_EQ(url->options.port, 3306);
    EXPECT_EQ(url->options.database, "");
    EXPECT_EQ(url->options.password.reveal(), "of the environment");
    EXPECT_FALSE(url->shows_password);
  }
}

TEST(MysqlUrl, DecodesEveryPart) {
  const auto url = parse_mysql_url(
      "mysql://r%40d:p%3a%2F%25+x@[::1]:3306/my%20shop?tls=verify_ca&tls_ca=/etc/a%26b.pem", "");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->options.user, "r@d");
  EXPECT_EQ(url->options.password.reveal(), "p:/%+x");
  EXPECT_EQ(url->options.host, "::1");
  EXPECT_EQ(url->options.database, "my shop");
  EXPECT_EQ(url->options.tls, capture::TlsMode::verify_ca);
  EXPECT_EQ(url->options.tls_ca, "/etc/a&b.pem");
  const auto socket = parse_mysql_url("mysql://root@%2Frun%2Fmysqld.sock/shop", "");
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->options.host, "/run/mysqld.sock");
}

TEST(MysqlUrl, SaysWhatIsWrongWithoutRepeatingThePassword) {
  const std::pair<const char*, const char*> wrong[] = {
      {"mysql://db/shop", "it names no user"},
      {"mysql://:secret@db/shop", "it names no user"},
      {"mysql://reader:secret@/shop", "it names no host"},
      {"mysql://reader:secret@db:x/shop", "the port is no number"},
      {"mysql://reader:secret@db:0/shop", "the port is no number"},
      {"mysql://reader:secret@db:70000/shop", "the port is no number"},
      {"mysql://reader:secret%4@db/shop", "the password is not valid percent-encoding"},
      {"mysql://reader:secret@[::1/shop", "it names no host"},
      {"mysql://reader:secret@db/shop?tls=on", "tls is one of disabled, preferred, required"},
      {"mysql://reader:secret@db/shop?ssl=true", "there is no option 'ssl'"},
  };
  for (const auto& [text, what] : wrong) {
    const auto url = parse_mysql_url(text, "");
    if (!url) {
      EXPECT_EQ(url.error().code, "url.malformed");
      EXPECT_THAT(url.error().message, HasSubstr(what));
      EXPECT_THAT(url.error().message, testing::Not(HasSubstr("secret")));
    } else {
      EXPECT_STREQ(text, "mysql://reader:secret@[::1/shop") << "was taken";
    }
  }
}

TEST(ReadPoint, IsAnOffsetAFileOrTransactions) {
  const auto offset = ReadPoint::parse("4711");
  ASSERT_TRUE(offset);
  EXPECT_EQ(offset->at, (BinlogPosition{"", 4711}));
  const auto file = ReadPoint::parse("binlog.000042");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->at, (BinlogPosition{"binlog.000042", 4}));
  const auto both = ReadPoint::parse("a:b.000042:5000000000");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->at, (BinlogPosition{"a:b.000042", 5'000'000'000}));
  const auto gtid = ReadPoint::parse("gtid:0-1-27");
  ASSERT_TRUE(gtid);
  EXPECT_EQ(gtid->gtid->text(), "0-1-27");
  const auto none = ReadPoint::parse("gtid:");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->gtid->empty());
  for (const char* text : {"", ":", ":4", "binlog.000042:", "binlog.000042:x", "gtid:x"}) {
    EXPECT_FALSE(ReadPoint::parse(text)) << text;
  }
}

}  // namespace
}  // namespace tailrace::app
