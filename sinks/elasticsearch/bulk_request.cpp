#include "sinks/elasticsearch/bulk_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/json_writer.hpp"

namespace tailrace::sinks {

Result<void> check_bulk_item(const DocumentWrite& write) {
  if (write.id.empty()) return dead_letter("es.bad_id", "the document's id is empty");
  if (write.id.size() > longest_document_id) {
    return dead_letter("es.bad_id", fmt::format("the document's id has {} bytes; Elasticsearch "
                                                "takes {}",
                                                write.id.size(), longest_document_id));
  }
  return {};
}

void append_bulk_item(std::string& out, const DocumentWrite& write) {
  out += R"({"index":{"_id":)";
  append_json_string(out, write.id);
  out += R"(,"version":)";
  append_number(out, write.version.number());
  out += ",\"version_type\":\"external\"}}\n";
  const std::size_t start = out.size();
  out += write.body;
  // JSON columns may bring line breaks; a line break ends a document here.
  if (out.find_first_of("\r\n", start) != std::string::npos) {
    const auto is_break = [](char c) { return c == '\n' || c == '\r'; };
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), is_break, ' ');
  }
  out.push_back('\n');
}

}  // namespace tailrace::sinks
