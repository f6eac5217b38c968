#include "app/admin/server_file.hpp"

#include <rapidjson/document.h>
#include <unistd.h>

#include "app/admin/private_file.hpp"
#include "core/json_writer.hpp"

namespace tailrace::app {

std::string server_file_path(const std::string& state_dir) { return state_dir + "/admin.json"; }

Result<void> write_server_file(const std::string& state_dir, const ServerFile& file) {
  std::string text = "{\"url\":";
  append_json_string(text, file.url);
  text += ",\"pid\":";
  append_number(text, file.pid);
  text += "}\n";
  return write_private_file(server_file_path(state_dir), text, "serve.state_dir");
}

std::optional<ServerFile> read_server_file(const std::string& state_dir) {
  const auto text = read_private_file(server_file_path(state_dir), "serve.state_dir");
  if (!text || !*text) return std::nullopt;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>((*text)->data(), (*text)->size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  const auto url = document.FindMember("url");
  const auto pid = document.FindMember("pid");
  if (url == document.MemberEnd() || !url->value.IsString()) return std::nullopt;
  if (pid == document.MemberEnd() || !pid->value.IsInt64()) return std::nullopt;
  return ServerFile{url->value.GetString(), pid->value.GetInt64()};
}

void remove_server_file(const std::string& state_dir, std::int64_t pid) {
  const auto file = read_server_file(state_dir);
  if (file && file->pid == pid) ::unlink(server_file_path(state_dir).c_str());
}

}  // namespace tailrace::app
