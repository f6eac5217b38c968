// A fuzz target: one function of arbitrary bytes that must neither crash, hang nor take much
// memory, and whose own claims (TAILRACE_ASSERT) hold for every input. Under clang's libFuzzer it
// is the program's entry point; in every other build it is on the list that replay_test.cpp runs
// over the files of regressions/. Threading: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/assert.hpp"

namespace tailrace::fuzz {

struct Target {
  std::string_view name;
  void (*run)(std::string_view bytes);
};

inline std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

struct Registration {
  Registration(std::string_view name, void (*run)(std::string_view)) {
    targets().push_back({name, run});
  }
};

// What a target that needs several pieces reads them from. Never fails: what is not there is empty.
class Pieces {
 public:
  explicit Pieces(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t byte() {
    const std::string_view one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
  }
  // After its length in two bytes, little-endian.
  std::string_view piece() {
    const unsigned low = byte();
    return take(low | static_cast<unsigned>(byte()) << 8);
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view take(std::size_t size) {
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view bytes_;
};

}  // namespace tailrace::fuzz

#ifdef TAILRACE_LIBFUZZER
#define TAILRACE_FUZZ_TARGET(name, run)                                               \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    run(std::string_view(reinterpret_cast<const char*>(data), size));                 \
    return 0;                                                                         \
  }
#else
#define TAILRACE_FUZZ_TARGET(name, run) \
  static const tailrace::fuzz::Registration registration(#name, run);
#endif
