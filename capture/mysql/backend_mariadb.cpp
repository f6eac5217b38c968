// MariaDB Connector/C: its replication API misreads MySQL's events, so the dump is read as raw
// packets through the interfaces of its public headers.
#include <sys/socket.h>

#include <cstring>
#include <limits>

#include "capture/mysql/handle.hpp"
#include "core/bytes.hpp"

#include <mariadb_com.h>  // packet_error; needs mysql.h before it

namespace tailrace::capture::mysql {

struct Dump {};

Handle::Handle() : mysql(mysql_init(nullptr)) {}

Handle::~Handle() {
  if (interrupter && attached >= 0) interrupter->detach(attached);
  // A result that was not read to its end would be drained here: cut the socket first.
  if (result) {
    ::shutdown(backend::socket_of(mysql), SHUT_RDWR);
    mysql_free_result(result);
  }
  mysql_close(mysql);
}

namespace backend {
namespace {

constexpr int com_binlog_dump_gtid = 30;
constexpr std::uint16_t does_not_wait = 1;
constexpr std::uint16_t heartbeat_v2 = 2;  // MySQL ≥ 8.0.28; older ones ignore it

std::string dump_by_position(const DumpRequest& request) {
  std::string body;
  append_fixed(body, static_cast<std::uint32_t>(request.from.offset));
  append_fixed(body, request.waits ? std::uint16_t{0} : does_not_wait);
  append_fixed(body, request.server_id);
  return body + request.from.file;
}

// With a set of GTIDs and no file, or with a file whose name wins over the (then empty) set: only
// this command takes positions of 64 bits.
std::string dump_by_gtid(const DumpRequest& request) {
  const std::string executed =
      request.executed ? request.executed->mysql()->encode() : MysqlGtidSet().encode();
  const BinlogPosition from = request.executed ? BinlogPosition{"", 4} : request.from;
  std::string body;
  const int patience = request.waits ? 0 : does_not_wait;
  append_fixed(body, static_cast<std::uint16_t>(heartbeat_v2 | patience));
  append_fixed(body, request.server_id);
  append_fixed(body, static_cast<std::uint32_t>(from.file.size()));
  body += from.file;
  append_fixed(body, from.offset);
  append_fixed(body, static_cast<std::uint32_t>(executed.size()));
  return body + executed;
}

// Makes this reader show in SHOW REPLICA HOSTS. User, password and port of a replica stay empty.
std::string registration(const DumpRequest& request) {
  std::string body;
  append_fixed(body, request.server_id);
  body.push_back(static_cast<char>(request.name.size()));
  body += request.name;
  body.append(2, '\0');
  append_fixed(body, std::uint16_t{0});
  append_fixed(body, std::uint32_t{0});  // rank
  append_fixed(body, std::uint32_t{0});  // the master's id: it fills that in
  return body;
}

bool send(Handle& handle, enum_server_command command, const std::string& body, bool answered) {
  return handle.mysql->methods->db_command(handle.mysql, command, body.data(), body.size(),
                                           answered ? 0 : 1, nullptr) == 0;
}

}  // namespace

void set_options(MYSQL* mysql, const MysqlOptions& options, bool encrypt) {
  const my_bool on = 1;
  const my_bool off = 0;
  const bool checked = options.tls == TlsMode::verify_ca || options.tls == TlsMode::verify_identity;
  mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, encrypt ? &on : &off);
  mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
                options.tls == TlsMode::verify_identity ? &on : &off);
  // With a CA this library refuses a chain that it cannot verify, before it logs in.
  if (checked && encrypt) {
    if (options.tls_ca.empty()) {
      mysql_options(mysql, MYSQL_OPT_SSL_CAPATH, "/etc/ssl/certs");
    } else {
      mysql_options(mysql, MYSQL_OPT_SSL_CA, options.tls_ca.c_str());
    }
  }
}

int socket_of(MYSQL* mysql) { return static_cast<int>(mysql_get_socket(mysql)); }

Result<void> start_dump(Handle& handle, const DumpRequest& request, bool mariadb) {
  const bool far = request.from.offset > std::numeric_limits<std::uint32_t>::max();
  const bool by_gtid = (request.executed || far) && !mariadb;
  const std::string body = by_gtid ? dump_by_gtid(request) : dump_by_position(request);
  const auto command = static_cast<enum_server_command>(by_gtid ? com_binlog_dump_gtid
                                                                : COM_BINLOG_DUMP);
  const bool registers = !request.name.empty() && request.server_id != 0;
  if ((registers && !send(handle, COM_REGISTER_SLAVE, registration(request), true)) ||
      !send(handle, command, body, false)) {
    return Failure(classify(handle.error(), Stage::dump, "ask " + handle.place + " for binlogs"));
  }
  return {};
}

Result<std::span<const std::uint8_t>> read_packet(Handle& handle) {
  const unsigned long size = mysql_net_read_packet(handle.mysql);
  // packet_error is an unsigned int here and the size an unsigned long: compare as the former.
  if (static_cast<unsigned int>(size) == packet_error) {
    return Failure(classify(handle.error(), Stage::dump, "read binlogs from " + handle.place));
  }
  const std::uint8_t* packet = handle.mysql->net.read_pos;
  if (size == 0 || (packet[0] == 0xfe && size < 9)) return std::span<const std::uint8_t>{};
  return std::span<const std::uint8_t>(packet + 1, size - 1);
}

void end_dump(Handle&) {}

}  // namespace backend
}  // namespace tailrace::capture::mysql
