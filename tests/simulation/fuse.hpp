// Kills a process between two of its calls: after so many calls every further one does nothing.
// Threading: one thread.
#pragma once

namespace tailrace::simulation {

class Fuse {
 public:
  void arm(int calls) { left_ = calls; }
  void disarm() { left_ = -1; }
  bool blown() const { return left_ == 0; }
  // Counts a call. True: it must not happen.
  bool burn() {
    if (left_ > 0) --left_;
    return left_ == 0;
  }

 private:
  int left_ = -1;  // calls until it blows, one more than may happen; -1: never
};

}  // namespace tailrace::simulation
