// Small files of ours in state.dir: mode 0600, replaced as a whole, never through a symbolic link.
// Threading: free functions; one writer per path.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tailrace::app {

// Error halt `code` with the system's reason.
Result<void> write_private_file(const std::string& path, std::string_view text,
                                const std::string& code);
// Up to 64 KiB; nullopt: no such file. Error halt `code`: no access, a symbolic link, not a file.
Result<std::optional<std::string>> read_private_file(const std::string& path,
                                                     const std::string& code);

}  // namespace tailrace::app
