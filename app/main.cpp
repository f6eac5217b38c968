#include "app/command_line.hpp"

// Read by jemalloc at the start. What was freed goes back to the system after a moment, also when
// nothing is allocated any more, and few heaps keep what others could use: memory is a promise.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:300,muzzy_decay_ms:0,background_thread:true";
}

int main(int argc, char** argv) { return tailrace::app::run_command_line(argc, argv); }
