// A directed schedule: a hazard, played step by step. With all rules it must keep the law; without
// the rule it is about it must break it, which proves that the simulation sees that rule's absence.
// Threading: plain values.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {

struct Directed {
  const char* name;
  Broken (*play)(WorldOptions);
  const char* rule;  // empty: the rule holds by structure, or it is left out on purpose
  void (*without)(WorldOptions&);
  friend void PrintTo(const Directed& directed, std::ostream* out) { *out << directed.name; }
};

class DirectedSchedules : public testing::TestWithParam<Directed> {};

inline std::string name_of_case(const testing::TestParamInfo<Directed>& info) {
  return info.param.name;
}

}  // namespace tailrace::simulation
