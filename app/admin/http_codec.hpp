// Parses a checked head and writes the answer, with cpp-httplib: no other file of the server
// includes it. Threading: answer() from several threads at once.
#pragma once

#include <memory>
#include <string>

#include "app/admin/http_message.hpp"

namespace tailrace::app {

class HttpCodec {
 public:
  explicit HttpCodec(HttpHandler handler);
  ~HttpCodec();

  // The bytes of the answer to a request with this head; its connection is to be closed after it.
  // An exception of the handler becomes status 500.
  std::string answer(const std::string& head);
  // The same for a request that is refused unparsed.
  static std::string refuse(const HttpProblem& problem);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tailrace::app
