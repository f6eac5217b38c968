// Errors are values that carry the decision: retry, set aside, or stop.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace tailrace {

enum class Disposition : std::uint8_t {
  retry,        // transient: the same input again, after back-off
  dead_letter,  // this record can never succeed: set it aside and go on
  halt,         // going on could lose or reorder data: stop and say why
};

struct Error {
  Disposition disposition = Disposition::halt;
  std::string code;     // bounded set, safe as a metric label: "es.mapping_conflict"
  std::string message;  // for people, names the place and the cure; nothing branches on it
};

template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

inline Failure retry(std::string code, std::string message) {
  return Failure(Error{Disposition::retry, std::move(code), std::move(message)});
}
inline Failure dead_letter(std::string code, std::string message) {
  return Failure(Error{Disposition::dead_letter, std::move(code), std::move(message)});
}
inline Failure halt(std::string code, std::string message) {
  return Failure(Error{Disposition::halt, std::move(code), std::move(message)});
}

}  // namespace tailrace

// Returns the error of `expression` from the enclosing function, if it has one.
#define TAILRACE_TRY(expression)                                       \
  do {                                                                 \
    if (auto tailrace_result_ = (expression); !tailrace_result_) {     \
      return ::tailrace::Failure(std::move(tailrace_result_).error()); \
    }                                                                  \
  } while (false)

#define TAILRACE_CONCAT_INNER(a, b) a##b
#define TAILRACE_CONCAT(a, b) TAILRACE_CONCAT_INNER(a, b)

// `TAILRACE_ASSIGN(auto x, f())`: declares x from the value of f(), or returns its error.
#define TAILRACE_ASSIGN(declaration, expression)                                               \
  auto TAILRACE_CONCAT(tailrace_value_, __LINE__) = (expression);                              \
  if (!TAILRACE_CONCAT(tailrace_value_, __LINE__)) {                                           \
    return ::tailrace::Failure(std::move(TAILRACE_CONCAT(tailrace_value_, __LINE__)).error()); \
  }                                                                                            \
  declaration = std::move(*TAILRACE_CONCAT(tailrace_value_, __LINE__))
