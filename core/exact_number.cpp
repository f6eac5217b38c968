#include "core/exact_number.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tailrace {

namespace {

constexpr std::uint32_t base = 1'000'000'000;
constexpr std::uint32_t base_digits = 9;

using Magnitude = std::vector<std::uint32_t>;

void trim(Magnitude& number) {
  while (!number.empty() && number.back() == 0) number.pop_back();
}

bool less(const Magnitude& a, const Magnitude& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

Magnitude sum_of(const Magnitude& a, const Magnitude& b) {
  Magnitude out;
  std::uint32_t carry = 0;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    const std::uint32_t digit =
        (i < a.size() ? a[i] : 0) + (i < b.size() ? b[i] : 0) + carry;  // below 2^32
    out.push_back(digit % base);
    carry = digit / base;
  }
  return out;
}

// `a` must not be less than `b`.
Magnitude difference_of(const Magnitude& a, const Magnitude& b) {
  Magnitude out;
  std::uint32_t borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::uint32_t taken = (i < b.size() ? b[i] : 0) + borrow;
    borrow = a[i] < taken ? 1 : 0;
    out.push_back(a[i] + borrow * base - taken);
  }
  trim(out);
  return out;
}

Magnitude product_of(const Magnitude& a, const Magnitude& b) {
  Magnitude out(a.size() + b.size(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < b.size() || carry != 0; ++j) {
      const std::uint64_t digit =
          out[i + j] + carry + (j < b.size() ? std::uint64_t{a[i]} * b[j] : 0);
      out[i + j] = static_cast<std::uint32_t>(digit % base);
      carry = digit / base;
    }
  }
  trim(out);
  return out;
}

Magnitude power_of_ten(std::uint32_t exponent) {
  Magnitude out(exponent / base_digits, 0);
  std::uint32_t top = 1;
  for (std::uint32_t i = 0; i < exponent % base_digits; ++i) top *= 10;
  out.push_back(top);
  return out;
}

}  // namespace

ExactNumber ExactNumber::of(std::string_view text) {
  ExactNumber number;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string digits;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return ExactNumber();
    digits.push_back(c);
    number.scale_ += point ? 1 : 0;
  }
  constexpr std::size_t small_digits = 38;
  if (digits.size() <= small_digits) {
    for (const char c : digits) number.small_ = number.small_ * 10 + (c - '0');
    if (negative) number.small_ = -number.small_;
    return number;
  }
  Magnitude large;
  for (std::size_t end = digits.size(); end > 0;) {
    const std::size_t begin = end > base_digits ? end - base_digits : 0;
    std::uint32_t limb = 0;
    for (std::size_t i = begin; i < end; ++i) {
      limb = limb * 10 + static_cast<std::uint32_t>(digits[i] - '0');
    }
    large.push_back(limb);
    end = begin;
  }
  number.set(std::move(large), negative);
  return number;
}

ExactNumber::Magnitude ExactNumber::magnitude() const {
  if (!is_small()) return large_;
  Magnitude out;
  // Digit by digit, with the sign of the number: its opposite may not exist.
  for (Small rest = small_; rest != 0; rest /= base) {
    const auto digit = static_cast<std::int64_t>(rest % base);
    out.push_back(static_cast<std::uint32_t>(digit < 0 ? -digit : digit));
  }
  return out;
}

void ExactNumber::set(Magnitude number, bool negative) {
  trim(number);
  small_ = 0;
  large_ = std::move(number);
  negative_ = negative && !large_.empty();
}

void ExactNumber::widen(std::uint32_t digits) {
  if (digits == 0) return;
  scale_ += digits;
  Small widened = small_;
  bool fits = is_small();
  for (std::uint32_t i = 0; fits && i < digits; ++i) {
    fits = !__builtin_mul_overflow(widened, static_cast<Small>(10), &widened);
  }
  if (fits) {
    small_ = widened;
  } else {
    set(product_of(magnitude(), power_of_ten(digits)), negative());
  }
}

void ExactNumber::add(const ExactNumber& other, bool subtract) {
  if (scale_ < other.scale_) widen(other.scale_ - scale_);
  if (scale_ > other.scale_) {
    ExactNumber wide = other;
    wide.widen(scale_ - other.scale_);
    return add(wide, subtract);
  }
  if (is_small() && other.is_small()) {
    Small result = 0;
    const bool over = subtract ? __builtin_sub_overflow(small_, other.small_, &result)
                               : __builtin_add_overflow(small_, other.small_, &result);
    if (!over) {
      small_ = result;
      return;
    }
  }
  const Magnitude a = magnitude();
  const Magnitude b = other.magnitude();
  const bool b_negative = other.negative() != subtract;
  if (negative() == b_negative) return set(sum_of(a, b), b_negative);
  if (less(a, b)) return set(difference_of(b, a), b_negative);
  set(difference_of(a, b), negative());
}

ExactNumber& ExactNumber::operator+=(const ExactNumber& other) {
  add(other, false);
  return *this;
}

ExactNumber& ExactNumber::operator-=(const ExactNumber& other) {
  add(other, true);
  return *this;
}

ExactNumber& ExactNumber::operator*=(const ExactNumber& other) {
  Small result = 0;
  if (is_small() && other.is_small() && !__builtin_mul_overflow(small_, other.small_, &result)) {
    small_ = result;
  } else {
    set(product_of(magnitude(), other.magnitude()), negative() != other.negative());
  }
  scale_ += other.scale_;
  return *this;
}

void ExactNumber::negate() {
  ExactNumber zero;
  zero.scale_ = scale_;
  zero -= *this;
  *this = std::move(zero);
}

std::string ExactNumber::text(std::uint32_t scale) const {
  ExactNumber shown = *this;
  if (scale > shown.scale_) shown.widen(scale - shown.scale_);
  const Magnitude limbs = shown.magnitude();
  std::string digits;
  for (std::size_t i = limbs.size(); i-- > 0;) {
    const std::string limb = std::to_string(limbs[i]);
    if (!digits.empty()) digits.append(base_digits - limb.size(), '0');
    digits += limb;
  }
  if (digits.size() <= shown.scale_) digits.insert(0, shown.scale_ + 1 - digits.size(), '0');
  if (shown.scale_ > 0) digits.insert(digits.size() - shown.scale_, 1, '.');
  return shown.negative() ? "-" + digits : digits;
}

// Shewchuk, "Adaptive Precision Floating-Point Arithmetic" (1997): what is lost in each addition
// is kept as a number of its own.
void FloatSum::add(double value) {
  if (!std::isfinite(value)) {
    special_ += value;
    return;
  }
  std::size_t kept = 0;
  for (double part : parts_) {
    if (std::abs(value) < std::abs(part)) std::swap(value, part);
    const double high = value + part;
    const double low = part - (high - value);
    if (low != 0) parts_[kept++] = low;
    value = high;
  }
  parts_.resize(kept);
  if (std::isfinite(value)) {
    parts_.push_back(value);
  } else {
    special_ += value;
  }
}

double FloatSum::value() const {
  if (special_ != 0 || std::isnan(special_)) return special_;
  if (parts_.empty()) return 0;
  std::size_t at = parts_.size() - 1;
  double sum = parts_[at];
  double low = 0;
  while (at > 0) {
    const double before = sum;
    const double part = parts_[--at];
    sum = before + part;
    low = part - (sum - before);
    if (low != 0) break;
  }
  // Half-way: the parts below decide where it is rounded to.
  if (at > 0 && ((low < 0 && parts_[at - 1] < 0) || (low > 0 && parts_[at - 1] > 0))) {
    const double twice = low * 2;
    const double other = sum + twice;
    if (twice == other - sum) sum = other;
  }
  return sum;
}

}  // namespace tailrace
