#include "app/state_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

namespace tailrace::app {

Result<StateLock> StateLock::take(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return halt("state.directory",
                fmt::format("cannot create state.dir {}: {}", directory, error.message()));
  }
  chmod(directory.c_str(), 0700);
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return halt("state.directory", fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char owner[32] = {};
    const auto size = ::read(fd, owner, sizeof owner - 1);
    ::close(fd);
    return halt("state.locked",
                fmt::format("state.dir {} is in use by process {}; a second worker needs its own: "
                            "--set state.dir=…",
                            directory, size > 0 ? owner : "?"));
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || ::write(fd, pid.data(), pid.size()) < 0) {
    ::close(fd);
    return halt("state.directory", fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  return StateLock(fd);
}

StateLock::StateLock(StateLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }

StateLock::~StateLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::string> instance_id(const std::string& directory) {
  const std::string path = directory + "/instance-id";
  std::string id;
  if (std::ifstream(path) >> id && !id.empty()) return id;
  std::random_device random;
  id = fmt::format("worker-{:08x}{:08x}", random(), random());
  std::ofstream out(path);
  out << id << '\n';
  out.flush();
  if (!out) return halt("state.directory", fmt::format("cannot write {}", path));
  return id;
}

}  // namespace tailrace::app
