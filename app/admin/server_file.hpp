// state_dir/admin.json: how other verbs find the running process, also on a random port.
// Threading: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.hpp"

namespace tailrace::app {

struct ServerFile {
  std::string url;  // "http://127.0.0.1:8642"
  std::int64_t pid = 0;
};

std::string server_file_path(const std::string& state_dir);
Result<void> write_server_file(const std::string& state_dir, const ServerFile& file);
// nullopt: not there, or not one of ours.
std::optional<ServerFile> read_server_file(const std::string& state_dir);
// Only if it is still that of process `pid`.
void remove_server_file(const std::string& state_dir, std::int64_t pid);

}  // namespace tailrace::app
