#include "app/admin/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tailrace::app {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Failure failure(const std::string& code, const std::string& path, const char* doing) {
  return halt(code, path + ": cannot " + doing + ": " + std::strerror(errno));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> write_private_file(const std::string& path, std::string_view text,
                                const std::string& code) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.get() < 0) return failure(code, temporary, "create");
    if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
      return failure(code, temporary, "write");
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return failure(code, path, "replace");
  return {};
}

Result<std::optional<std::string>> read_private_file(const std::string& path,
                                                     const std::string& code) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::optional<std::string>{};
  if (file.get() < 0) return failure(code, path, "read");
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return failure(code, path, "read");
  if (!S_ISREG(facts.st_mode)) return halt(code, path + ": not a file");
  // Best effort: a file that somebody else owns cannot be changed, only read.
  if ((facts.st_mode & 077) != 0) static_cast<void>(::fchmod(file.get(), 0600) == 0);
  std::string text(64u << 10, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + length, text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(code, path, "read");
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  text.resize(length);
  return std::optional<std::string>(std::move(text));
}

}  // namespace tailrace::app
