#include "capture/mysql/error_class.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace tailrace::capture::mysql {
namespace {

constexpr std::array connection_codes{
    1040u,                              // too many connections
    1053u,                              // server shutdown in progress
    1077u, 1079u,                       // server is going down
    1152u, 1158u, 1159u, 1160u, 1161u,  // aborted connection, packet read and write errors
    1184u, 1203u, 1226u,                // aborted connection, connections of this user used up
    1205u, 1213u, 1317u, 1927u,         // lock wait, deadlock, query or connection killed
    2002u, 2003u, 2005u, 2006u, 2012u, 2013u, 2026u, 2027u, 2055u,  // client: cannot reach, lost
    3024u, 1969u,                                                   // statement time limit
    3168u, 4031u,  // server is not available, disconnected for inactivity
};
constexpr std::array access_codes{
    1044u, 1045u, 1130u, 1142u, 1143u, 1227u, 1370u, 1698u,  // no access, no privilege
    1129u,                              // host is blocked after too many failed connects
    1251u, 2058u, 2059u, 2061u,         // authentication plugin
    1820u, 1862u, 3118u, 3159u, 4151u,  // password to be changed, account locked, TLS wanted
};

bool has(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) ==
                  std::tolower(static_cast<unsigned char>(b));
         }) != text.end();
}

struct DumpText {
  std::string_view part;
  std::string_view code;
  std::string_view cure;
};
constexpr std::string_view purged_cure =
    "the server no longer has the binlogs that follow the saved position; start over with a new "
    "first load, or restore those binlogs, and keep binlogs longer "
    "(binlog_expire_logs_seconds = 604800)";
constexpr std::string_view diverged_cure =
    "the server does not have what was already read: it lost data, was restored from a backup or "
    "is another server; point the pipeline at the right server, or start over with a new first "
    "load";
constexpr std::string_view config_cure =
    "run: SET PERSIST gtid_mode = ON (step by step through "
    "OFF_PERMISSIVE and ON_PERMISSIVE), SET PERSIST enforce_gtid_consistency = ON";
constexpr std::string_view corrupt_cure =
    "the server cannot read its own binlog at this position; look into the server's error log";

constexpr std::string_view duplicate_cure =
    "another reader with the same identity has taken over; run one capture per shard";
constexpr std::string_view duplicate_id_cure =
    "another replica with the same server_id has taken over; set another server_id";
constexpr std::string_view access_cure = "check user, password and privileges";
constexpr std::string_view tls_cure = "see source.mysql.tls in the pipeline file";

struct OnlookerCure {
  std::string_view of_pipeline;
  std::string_view of_onlooker;
};
constexpr std::array onlooker_cures{
    OnlookerCure{purged_cure,
                 "the server does not have that binlog, or not any more: SHOW BINARY LOGS lists "
                 "what it has; without --start-position reading begins with the oldest"},
    OnlookerCure{diverged_cure,
                 "--start-position is not in this server's binlog; SHOW BINARY LOGS lists its "
                 "files and their sizes"},
    OnlookerCure{corrupt_cure,
                 "--start-position must be where an event begins; if it is, the server cannot "
                 "read its own binlog there: look into its error log"},
    OnlookerCure{config_cure,
                 "begin at a file and offset instead: --start-position binlog.000042:4"},
    OnlookerCure{duplicate_cure, "run the command again"},
    OnlookerCure{duplicate_id_cure, "run the command again"},
    OnlookerCure{access_cure,
                 "check the user and MYSQL_PWD, and grant what reading takes: GRANT REPLICATION "
                 "SLAVE, REPLICATION CLIENT ON *.* TO the user"},
    OnlookerCure{"allow plain ones in source.mysql.tls of the pipeline file",
                 "allow plain ones with ?tls=preferred in the URL"},
    OnlookerCure{tls_cure,
                 "add ?tls=disabled, preferred, required, verify_ca or verify_identity, "
                 "and tls_ca=FILE, to the URL"},
};

constexpr std::array dump_texts{
    DumpText{"first log file name in binary log index", "source.purged", purged_cure},
    DumpText{"purged required binary logs", "source.purged", purged_cure},
    DumpText{"purged binary logs containing", "source.purged", purged_cure},
    DumpText{"has purged", "source.purged", purged_cure},
    DumpText{"Could not find GTID state requested", "source.purged", purged_cure},
    DumpText{"which is not in the master's binlog", "source.diverged", diverged_cure},
    DumpText{"is missing the GTID", "source.diverged", diverged_cure},
    DumpText{"diverged", "source.diverged", diverged_cure},
    DumpText{"more GTIDs than the", "source.diverged", diverged_cure},
    DumpText{"position > file size", "source.diverged", diverged_cure},
    DumpText{"position < 4", "source.diverged", diverged_cure},
    DumpText{"impossible position", "source.diverged", diverged_cure},  // MariaDB
    DumpText{"same server_uuid/server_id", "source.taken_over", duplicate_cure},
    DumpText{"same server_id", "source.taken_over", duplicate_id_cure},
    DumpText{"AUTO_POSITION mode", "source.gtid_off", config_cure},
    DumpText{"anonymous", "source.gtid_off", config_cure},
    DumpText{"Binary log is not open", "source.no_binlog",
             "start the server with --log-bin (log_bin = ON)"},
    DumpText{"checksum that", "source.protocol", "this is a bug in the reader"},
    DumpText{"exceeded max_allowed_packet", "source.corrupt", corrupt_cure},
    DumpText{"bogus data", "source.corrupt", corrupt_cure},
    DumpText{"corrupted data", "source.corrupt", corrupt_cure},
    DumpText{"crc check failed", "source.corrupt", corrupt_cure},
};

template <std::size_t N>
bool among(const std::array<unsigned, N>& codes, unsigned code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string describe(const ServerError& error, std::string_view doing) {
  std::string text = "cannot ";
  text.append(doing).append(": ").append(error.text);
  return text.append(" (error ").append(std::to_string(error.code)).append(")");
}

Error stop(std::string_view code, std::string message, std::string_view cure) {
  if (!cure.empty()) message.append("; ").append(cure);
  return {Disposition::halt, std::string(code), std::move(message)};
}

bool certificate_refused(std::string_view text) {
  return has(text, "certificate") || has(text, "verif") || has(text, "does not support") ||
         has(text, "doesn't support") || has(text, "no such file") || has(text, "not found") ||
         has(text, "wrong version") || has(text, "protocol version") || has(text, "CA ");
}

}  // namespace

Error taken_over(std::string message) {
  return stop("source.taken_over", std::move(message), duplicate_cure);
}

Error classify(const ServerError& error, Stage stage, std::string_view doing) {
  std::string message = describe(error, doing);
  if (error.code == 1236) {
    for (const DumpText& known : dump_texts) {
      if (has(error.text, known.part)) return stop(known.code, std::move(message), known.cure);
    }
    return stop("source.dump_refused", std::move(message), "");
  }
  if (error.code == 4052) return taken_over(std::move(message));  // MariaDB's own code for it
  if (error.code == 1789) return stop("source.purged", std::move(message), purged_cure);
  if (error.code == 1773 || error.code == 1835) {
    return stop("source.protocol", std::move(message), "this is a bug in the reader");
  }
  if (stage == Stage::connect && error.code == 2026 && certificate_refused(error.text)) {
    return stop("source.tls", std::move(message), tls_cure);
  }
  if (among(connection_codes, error.code)) {
    return {Disposition::retry, "source.unreachable", std::move(message)};
  }
  if (among(access_codes, error.code)) {
    return stop("source.access_denied", std::move(message), access_cure);
  }
  if (error.code == 1049) return stop("source.no_database", std::move(message), "");
  if (error.code == 1146) return stop("source.no_table", std::move(message), "");
  if (error.code == 1412) {  // A table changed after the snapshot was opened.
    return {Disposition::retry, "source.snapshot_restarted", std::move(message)};
  }
  if (error.code == 1054) {
    return stop("source.schema_changed", std::move(message),
                "a column that the pipeline uses is gone; check the pipeline file");
  }
  return stop("source.query", std::move(message), "");
}

Error for_onlooker(Error error) {
  for (const OnlookerCure& cure : onlooker_cures) {
    if (!error.message.ends_with(cure.of_pipeline)) continue;
    error.message.resize(error.message.size() - cure.of_pipeline.size());
    error.message += cure.of_onlooker;
    break;
  }
  return error;
}

}  // namespace tailrace::capture::mysql
