#include <malloc.h>

#include "app/command_line.hpp"

int main(int argc, char** argv) {
  // A heap per thread would keep what others could use: memory is a promise, throughput is not
  // lost.
  mallopt(M_ARENA_MAX, 2);
  // Large buffers go back when they are freed; by default the limit grows with them.
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  return tailrace::app::run_command_line(argc, argv);
}
