// Runs a loaded pipeline as a process: its lock, its HTTP server, its signals, its exit code.
// Threading: main thread.
#pragma once

#include "app/runner.hpp"
#include "app/verbs/verb.hpp"
#include "config/loader.hpp"

namespace tailrace::app {

// Prints the file's problems if it has errors. Returns the exit code.
int run_pipeline(const config::LoadResult& loaded, RunOptions options, const Output& output);

}  // namespace tailrace::app
