// libmysqlclient ≥ 8.0: the dump goes through its own binlog calls.
#include <sys/socket.h>

#include <limits>

#include "capture/mysql/handle.hpp"

namespace tailrace::capture::mysql {

// The library keeps pointers into these while the dump is open.
struct Dump {
  MYSQL_RPL rpl{};
  std::string file;
  std::string executed;
};

Handle::Handle() : mysql(mysql_init(nullptr)) {}

Handle::~Handle() {
  if (interrupter && attached >= 0) interrupter->detach(attached);
  if (dump) backend::end_dump(*this);
  if (result) {
    ::shutdown(backend::socket_of(mysql), SHUT_RDWR);
    mysql_free_result(result);
  }
  mysql_close(mysql);
}

namespace backend {
namespace {

constexpr unsigned does_not_wait = 1;
constexpr unsigned heartbeat_v2 = 2;

mysql_ssl_mode ssl_mode(TlsMode mode) {
  switch (mode) {
    case TlsMode::disabled: return SSL_MODE_DISABLED;
    case TlsMode::preferred: return SSL_MODE_PREFERRED;
    case TlsMode::required: return SSL_MODE_REQUIRED;
    case TlsMode::verify_ca: return SSL_MODE_VERIFY_CA;
    case TlsMode::verify_identity: return SSL_MODE_VERIFY_IDENTITY;
  }
  return SSL_MODE_REQUIRED;
}

}  // namespace

void set_options(MYSQL* mysql, const MysqlOptions& options, bool encrypt) {
  const unsigned mode = encrypt ? ssl_mode(options.tls) : SSL_MODE_DISABLED;
  mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
  const bool checked = options.tls == TlsMode::verify_ca || options.tls == TlsMode::verify_identity;
  if (checked && options.tls_ca.empty()) {
    mysql_options(mysql, MYSQL_OPT_SSL_CAPATH, "/etc/ssl/certs");
  } else if (checked) {
    mysql_options(mysql, MYSQL_OPT_SSL_CA, options.tls_ca.c_str());
  }
  // caching_sha2_password over an unencrypted connection encrypts the password by this key.
  const bool ask_for_key = true;
  mysql_options(mysql, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &ask_for_key);
}

int socket_of(MYSQL* mysql) { return static_cast<int>(mysql->net.fd); }

Result<void> start_dump(Handle& handle, const DumpRequest& request, bool mariadb) {
  handle.dump = std::make_unique<Dump>();
  Dump& dump = *handle.dump;
  dump.rpl.server_id = request.server_id;
  const unsigned patience = request.waits ? 0 : does_not_wait;
  dump.rpl.flags = patience;
  // A file's name wins over the set, and only the command with the set takes 64 bits of position.
  const bool far = request.from.offset > std::numeric_limits<std::uint32_t>::max();
  if ((request.executed || far) && !mariadb) {
    dump.executed = request.executed ? request.executed->mysql()->encode() : "";
    dump.rpl.flags = MYSQL_RPL_GTID | heartbeat_v2 | patience;
    dump.rpl.gtid_set_encoded_size = dump.executed.size();
    dump.rpl.gtid_set_arg = dump.executed.data();
  }
  if (request.executed && !mariadb) {
    dump.rpl.start_position = 4;
  } else {
    dump.file = request.from.file;
    dump.rpl.file_name = dump.file.c_str();
    dump.rpl.file_name_length = dump.file.size();
    dump.rpl.start_position = request.from.offset;
  }
  if (mysql_binlog_open(handle.mysql, &dump.rpl) != 0) {
    return Failure(classify(handle.error(), Stage::dump, "ask " + handle.place + " for binlogs"));
  }
  return {};
}

Result<std::span<const std::uint8_t>> read_packet(Handle& handle) {
  MYSQL_RPL& rpl = handle.dump->rpl;
  if (mysql_binlog_fetch(handle.mysql, &rpl) != 0) {
    return Failure(classify(handle.error(), Stage::dump, "read binlogs from " + handle.place));
  }
  if (rpl.size == 0) return std::span<const std::uint8_t>{};
  return std::span<const std::uint8_t>(rpl.buffer + 1, rpl.size - 1);
}

void end_dump(Handle& handle) {
  mysql_binlog_close(handle.mysql, &handle.dump->rpl);
  handle.dump.reset();
}

}  // namespace backend
}  // namespace tailrace::capture::mysql
