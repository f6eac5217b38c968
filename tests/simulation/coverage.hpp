// How often a situation occurred, over all runs of the process: shows that the runs go where the
// hazards are. Threading: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace tailrace::simulation {

inline std::map<std::string, std::uint64_t>& coverage() {
  static std::map<std::string, std::uint64_t> counts;
  return counts;
}

}  // namespace tailrace::simulation
