// A stored JSON document, and the differences of PARTIAL_UPDATE_ROWS to it. Input: the document as
// a piece, then the differences. What comes out of either is JSON without blanks.
#include <string>
#include <string_view>

#include "capture/binlog/binary_json.hpp"
#include "capture/binlog/json_diff.hpp"
#include "capture/binlog/json_text.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

void check_compact(std::string_view text) {
  std::string compact;
  TAILRACE_ASSERT(append_compact_json(compact, text));
  TAILRACE_ASSERT(compact == text);
}

void run(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  Arena arena;
  const auto document = binary_json_text(arena, input.piece());
  if (!document) return;
  check_compact(*document);
  std::string after;
  if (apply_json_diff(*document, input.rest(), after)) check_compact(after);
}

}  // namespace

TAILRACE_FUZZ_TARGET(json, run)
