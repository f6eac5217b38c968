// PARTIAL_UPDATE_ROWS: a JSON value as the differences to what it was before.
// Source: MySQL sql-common/json_diff.cc (format), json_path.cc (paths), binlog.md §1.3.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

namespace tailrace::capture {

// `document`: the value before, as binary_json_text() writes it. `differences`: the column's
// bytes without their length. Leaves the value after in `out`, in the same form. False: the
// differences are malformed, or not to this document.
bool apply_json_diff(std::string_view document, std::string_view differences, std::string& out);

}  // namespace tailrace::capture
