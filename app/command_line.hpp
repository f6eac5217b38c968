// Finds the verb, reads its options, runs it.
// Threading: main thread only.
#pragma once

namespace tailrace::app {

// Returns the exit code; usage errors are 2.
int run_command_line(int argc, const char* const* argv);

}  // namespace tailrace::app
