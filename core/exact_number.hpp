// A decimal number of any size: sums and products lose no digit and never overflow. Numbers up to
// 38 digits stay inside the object.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace {

class ExactNumber {
 public:
  ExactNumber() = default;  // 0
  explicit ExactNumber(std::int64_t value) : small_(value) {}
  explicit ExactNumber(std::uint64_t value) : small_(value) {}
  // "-10.50": digits with at most one point, as DECIMAL columns and literals are written. What is
  // not such a text gives 0.
  static ExactNumber of(std::string_view text);

  ExactNumber& operator+=(const ExactNumber& other);
  ExactNumber& operator-=(const ExactNumber& other);
  ExactNumber& operator*=(const ExactNumber& other);
  void negate();

  // Digits behind the point: the larger one after + and −, the sum after ×.
  std::uint32_t scale() const { return scale_; }
  // Every digit, with at least `scale` of them behind the point.
  std::string text(std::uint32_t scale = 0) const;

 private:
  __extension__ using Small = __int128;
  using Magnitude = std::vector<std::uint32_t>;  // base 10^9, the lowest first

  bool is_small() const { return large_.empty(); }
  Magnitude magnitude() const;
  bool negative() const { return is_small() ? small_ < 0 : negative_; }
  void set(Magnitude magnitude, bool negative);
  void widen(std::uint32_t digits);  // more digits behind the point
  void add(const ExactNumber& other, bool subtract);

  Small small_ = 0;  // the value without its point, while large_ is empty
  Magnitude large_;
  bool negative_ = false;  // of large_
  std::uint32_t scale_ = 0;
};

// The sum of doubles, rounded once at its end: the same rows in another order give the same sum.
class FloatSum {
 public:
  void add(double value);
  // Infinite or no number at all where an addend or the sum is.
  double value() const;

 private:
  std::vector<double> parts_;  // do not overlap, the smallest first
  double special_ = 0;         // what is not finite, added up
};

}  // namespace tailrace
