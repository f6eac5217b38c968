#include "capture/mysql/error_class.hpp"

#include <gtest/gtest.h>

namespace tailrace::capture::mysql {
namespace {

Error of(unsigned code, std::string text = "", Stage stage = Stage::dump) {
  return classify({code, std::move(text)}, stage, "read binlogs from db:3306");
}

TEST(ErrorClass, BrokenConnectionsAreRetried) {
  for (const unsigned code :
       {2002u, 2003u, 2005u, 2006u, 2013u, 2026u, 1053u, 1158u, 1927u, 1040u}) {
    EXPECT_EQ(of(code).disposition, Disposition::retry) << code;
  }
}

TEST(ErrorClass, RefusedAccessIsNotRetried) {
  for (const unsigned code : {1045u, 1227u, 1129u, 1142u, 2059u}) {
    EXPECT_EQ(of(code).disposition, Disposition::halt) << code;
    EXPECT_EQ(of(code).code, "source.access_denied") << code;
  }
  EXPECT_EQ(of(2026, "certificate verify failed", Stage::connect).code, "source.tls");
  EXPECT_EQ(of(2026, "certificate verify failed", Stage::dump).disposition, Disposition::retry);
}

TEST(ErrorClass, DumpRefusalsAreToldApartByTheirText) {
  EXPECT_EQ(of(1236, "Could not find first log file name in binary log index file").code,
            "source.purged");
  EXPECT_EQ(of(1236, "Cannot replicate because the source purged required binary logs. …").code,
            "source.purged");
  EXPECT_EQ(of(1236, "The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but "
                     "the master has purged binary logs containing GTIDs that the slave requires.")
                .code,
            "source.purged");
  EXPECT_EQ(of(1236, "Replica has more GTIDs than the source has, using the source's …").code,
            "source.diverged");
  EXPECT_EQ(of(1236, "Client requested source to start replication from position > file size").code,
            "source.diverged");
  EXPECT_EQ(of(1236, "A replica with the same server_uuid/server_id as this replica …").code,
            "source.taken_over");
  EXPECT_EQ(of(1236, "Binary log is not open").code, "source.no_binlog");
  EXPECT_EQ(of(1236, "log event entry exceeded max_allowed_packet; …").code, "source.corrupt");
  EXPECT_EQ(of(1236, "something new").code, "source.dump_refused");
  EXPECT_EQ(of(1236, "something new").disposition, Disposition::halt);
}

TEST(ErrorClass, MessageNamesPlaceAndNumber) {
  EXPECT_EQ(of(2013, "Lost connection").message,
            "cannot read binlogs from db:3306: Lost connection (error 2013)");
}

TEST(ErrorClass, AdvisesAnOnlookerOfBinlogsAndNotOfPipelines) {
  for (const Error& error :
       {of(1236, "Could not find first log file name in binary log index file"),
        of(1236, "Client requested master to start replication from position > file size"),
        of(1236, "Client requested master to start replication from impossible position"),
        of(1236, "bogus data in log event"), of(1236, "AUTO_POSITION mode: GTID_MODE = OFF"),
        of(1045, "Access denied"), of(2026, "certificate verify failed", Stage::connect)}) {
    const Error told = for_onlooker(error);
    EXPECT_EQ(told.code, error.code);
    EXPECT_NE(told.message, error.message);
    EXPECT_EQ(told.message.find("pipeline"), std::string::npos) << told.message;
    EXPECT_EQ(told.message.find("first load"), std::string::npos) << told.message;
  }
  const Error other = of(2013, "Lost connection");
  EXPECT_EQ(for_onlooker(other).message, other.message);
}

}  // namespace
}  // namespace tailrace::capture::mysql
