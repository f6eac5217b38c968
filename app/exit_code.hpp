// What a verb's exit says to scripts.
#pragma once

namespace tailrace::app {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,       // while running
  kUsage = 2,        // command line or configuration
  kEnvironment = 3,  // unreachable, refused, disk
  kDifferences = 4,  // ran and found differences: test, verify
};

}  // namespace tailrace::app
