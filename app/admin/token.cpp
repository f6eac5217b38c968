#include "app/admin/token.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "app/admin/private_file.hpp"

namespace tailrace::app {
namespace {

constexpr std::size_t shortest_token = 16;

std::string random_hex() {
  static constexpr char digits[] = "0123456789abcdef";
  std::array<unsigned char, 32> bytes{};
  // Requests of up to 256 bytes are never cut short (getrandom(2)).
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  std::string out;
  for (const unsigned char byte : bytes) {
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

Result<std::optional<Secret>> read_token(const std::string& state_dir) {
  const std::string path = token_path(state_dir);
  TAILRACE_ASSIGN(auto text, read_private_file(path, "serve.token"));
  if (!text) return std::optional<Secret>{};
  while (!text->empty() && static_cast<unsigned char>(text->back()) <= ' ') text->pop_back();
  if (text->empty()) return std::optional<Secret>{};
  if (text->size() < shortest_token) {
    return halt("serve.token", path + ": shorter than 16 characters; remove it to get a new one");
  }
  return std::optional<Secret>(Secret(std::move(*text)));
}

}  // namespace

std::string token_path(const std::string& state_dir) { return state_dir + "/token"; }

Result<Secret> load_or_create_token(const std::string& state_dir) {
  TAILRACE_ASSIGN(auto token, read_token(state_dir));
  if (token) return std::move(*token);
  std::string made = random_hex();
  if (made.empty()) return halt("serve.token", "the system gives no random bytes");
  TAILRACE_TRY(write_private_file(token_path(state_dir), made + "\n", "serve.token"));
  return Secret(std::move(made));
}

Result<Secret> load_token(const std::string& state_dir) {
  TAILRACE_ASSIGN(auto token, read_token(state_dir));
  if (!token)
    return halt("serve.token", token_path(state_dir) + ": not there; has the pipeline run?");
  return std::move(*token);
}

bool equals_in_constant_time(std::string_view a, std::string_view b) {
  volatile unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(other)));
  }
  return difference == 0;
}

}  // namespace tailrace::app
