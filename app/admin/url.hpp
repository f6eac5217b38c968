// Paths and queries of request targets, decoded strictly. Threading: pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::app {

// "%2F" → "/". nullopt: a broken escape, a NUL or other control character, or not UTF-8.
std::optional<std::string> percent_decode(std::string_view text);
// Everything but letters, digits and "-._~" as %XX: fit for one path segment or query value.
std::string percent_encode(std::string_view text);

struct Target {
  // Decoded one by one, so that an id may hold a slash; "/v1/status" → {"v1","status"}.
  std::vector<std::string> segments;
  std::map<std::string, std::string> query;  // of a repeated name the last; no "=": empty value
};

// nullopt: see percent_decode, or not a path. "." and ".." are plain names: nothing resolves them.
std::optional<Target> parse_target(std::string_view target);

// Host part of "host:port", without brackets and port; empty if malformed.
std::string_view host_of(std::string_view authority);

// "localhost", 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);
// "http://localhost:9200": of a server on this machine.
bool is_local_url(std::string_view url);

bool is_valid_utf8(std::string_view text);
// Texts of other systems, made fit for JSON: "?" for the bytes of what is not UTF-8.
std::string as_utf8(std::string text);

}  // namespace tailrace::app
