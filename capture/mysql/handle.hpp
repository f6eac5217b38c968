// What the two client libraries do differently. Only for the files of this folder.
#pragma once

#include <mysql.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "capture/mysql/connection.hpp"

namespace tailrace::capture::mysql {

struct Handle {
  MYSQL* mysql = nullptr;
  MYSQL_RES* result = nullptr;  // of a query that is being streamed
  std::shared_ptr<Interrupter> interrupter;
  int attached = -1;
  std::string place;  // "host:port", for messages
  std::unique_ptr<struct Dump> dump;

  Handle();
  ~Handle();
  ServerError error() const;
};

namespace backend {
// Before mysql_real_connect. `encrypt`: of the two attempts of TlsMode::preferred, the first.
void set_options(MYSQL* mysql, const MysqlOptions& options, bool encrypt);
int socket_of(MYSQL* mysql);
// Sends the dump command.
Result<void> start_dump(Handle& handle, const DumpRequest& request, bool mariadb);
// The packet without its OK byte; empty: the server ended the stream.
Result<std::span<const std::uint8_t>> read_packet(Handle& handle);
void end_dump(Handle& handle);
}  // namespace backend

}  // namespace tailrace::capture::mysql
