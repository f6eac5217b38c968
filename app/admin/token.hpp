// The bearer token of the admin API. Threading: free functions.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace tailrace::app {

std::string token_path(const std::string& state_dir);

// The token in state_dir/token; made (32 random bytes in hex, mode 0600) where there is none yet.
// A file that others may read is made private first. Error halt "serve.token".
Result<Secret> load_or_create_token(const std::string& state_dir);

// The same without making one. Error halt "serve.token": not there.
Result<Secret> load_token(const std::string& state_dir);

// Takes the same time wherever the texts differ.
bool equals_in_constant_time(std::string_view a, std::string_view b);

}  // namespace tailrace::app
