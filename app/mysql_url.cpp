#include "app/mysql_url.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "app/admin/url.hpp"

namespace tailrace::app {
namespace {

using capture::TlsMode;

constexpr std::array tls_modes{
    std::pair{"disabled", TlsMode::disabled}, std::pair{"preferred", TlsMode::preferred},
    std::pair{"required", TlsMode::required}, std::pair{"verify_ca", TlsMode::verify_ca},
    std::pair{"verify_identity", TlsMode::verify_identity}};

Failure malformed(std::string_view what) {
  return halt("url.malformed",
              fmt::format("not a server's URL: {}; write mysql://user@host:3306/database", what));
}

std::string_view without_scheme(std::string_view text) {
  for (const std::string_view scheme : {"mysql://", "mariadb://"}) {
    if (text.starts_with(scheme)) return text.substr(scheme.size());
  }
  return {};
}

// The text up to the separator, which is taken off `rest` together with it; all of it without one.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

Result<std::string> decoded(std::string_view part, std::string_view name) {
  auto text = percent_decode(part);
  if (text) return std::move(*text);
  return malformed(fmt::format("the {} is not valid percent-encoding", name));
}

Result<void> take_user(std::string_view part, MysqlUrl& url) {
  const bool has_password = part.find(':') != std::string_view::npos;
  TAILRACE_ASSIGN(url.options.user, decoded(take_until(part, ':'), "user"));
  if (url.options.user.empty()) return malformed("it names no user");
  if (!has_password) return {};
  TAILRACE_ASSIGN(std::string password, decoded(part, "password"));
  url.options.password = Secret(std::move(password));
  url.shows_password = !url.options.password.empty();
  return {};
}

Result<void> take_address(std::string_view part, MysqlUrl& url) {
  std::string_view host;
  if (part.starts_with('[')) {  // IPv6
    part.remove_prefix(1);
    host = take_until(part, ']');
    if (!part.empty() && !part.starts_with(':')) return malformed("the host ends without ]");
    if (!part.empty()) part.remove_prefix(1);
  } else {
    host = take_until(part, ':');
  }
  TAILRACE_ASSIGN(url.options.host, decoded(host, "host"));
  if (url.options.host.empty()) return malformed("it names no host");
  if (part.empty()) return {};
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), port);
  if (error != std::errc{} || end != part.data() + part.size() || port == 0) {
    return malformed("the port is no number from 1 to 65535");
  }
  url.options.port = port;
  return {};
}

Result<void> take_option(std::string_view name, std::string value, MysqlUrl& url) {
  if (name == "tls_ca") {
    url.options.tls_ca = std::move(value);
    return {};
  }
  if (name != "tls") {
    return malformed(fmt::format("there is no option '{}', only tls and tls_ca", name));
  }
  for (const auto& [word, mode] : tls_modes) {
    if (value != word) continue;
    url.options.tls = mode;
    return {};
  }
  return malformed("tls is one of disabled, preferred, required, verify_ca, verify_identity");
}

}  // namespace

bool is_mysql_url(std::string_view text) {
  return text.starts_with("mysql://") || text.starts_with("mariadb://");
}

Result<MysqlUrl> parse_mysql_url(std::string_view text, std::string_view fallback_password) {
  std::string_view options = without_scheme(text);
  std::string_view place = take_until(options, '?');
  std::string_view path = place;
  std::string_view authority = take_until(path, '/');
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return malformed("it names no user");
  MysqlUrl url;
  TAILRACE_TRY(take_user(authority.substr(0, at), url));
  TAILRACE_TRY(take_address(authority.substr(at + 1), url));
  TAILRACE_ASSIGN(url.options.database, decoded(path, "database"));
  while (!options.empty()) {
    std::string_view value = take_until(options, '&');
    const std::string_view name = take_until(value, '=');
    TAILRACE_ASSIGN(std::string text_value, decoded(value, "value of an option"));
    TAILRACE_TRY(take_option(name, std::move(text_value), url));
  }
  if (!url.shows_password) url.options.password = Secret(std::string(fallback_password));
  return url;
}

Result<MysqlUrl> parse_mysql_url(std::string_view text) {
  const char* const password = std::getenv("MYSQL_PWD");
  return parse_mysql_url(text, password != nullptr ? password : "");
}

}  // namespace tailrace::app
