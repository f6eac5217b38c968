#include "sinks/elasticsearch/search.hpp"

#include <fmt/format.h>
#include <rapidjson/reader.h>

#include <algorithm>

#include "core/json_writer.hpp"
#include "sinks/elasticsearch/json.hpp"

namespace tailrace::sinks {

namespace {

constexpr std::size_t most_words = 32;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void collect_nested(const rapidjson::Value& field, const std::string& path,
                    std::vector<std::string>& out) {
  const rapidjson::Value* properties = json_find(field, {"properties"});
  if (!properties || !properties->IsObject()) return;
  for (const auto& member : properties->GetObject()) {
    const std::string below =
        (path.empty() ? "" : path + ".") + std::string(json_text(member.name));
    if (json_text_at(member.value, {"type"}) == "nested") out.push_back(below);
    collect_nested(member.value, below, out);
  }
}

std::vector<std::string> split_words(std::string_view words) {
  constexpr std::string_view spaces(" \t\r\n\0", 5);
  std::vector<std::string> out;
  for (std::size_t at = 0; out.size() < most_words;) {
    const std::size_t start = words.find_first_not_of(spaces, at);
    if (start == std::string_view::npos) break;
    at = std::min(words.find_first_of(spaces, start), words.size());
    out.emplace_back(words.substr(start, at - start));
  }
  return out;
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

// Whole words count more than the starts of words. Keyword fields (ENUM) are compared as they are,
// so the upper-case form is tried too. Only PREFIX is an operator: nothing else typed has a
// meaning.
std::string word_clauses(const std::string& word, const std::string& fields) {
  std::string clauses = fmt::format(
      R"({{"multi_match":{{"query":{},"type":"phrase","fields":[{}],"lenient":true}}}})",
      quoted(word), quoted(fields));
  std::string start = word;
  std::erase_if(start, [](char c) { return c == '*' || c == '\\'; });
  if (start.empty()) return clauses;
  const auto add_prefix = [&](const std::string& text) {
    clauses += fmt::format(
        R"(,{{"simple_query_string":{{"query":{},"fields":[{}],"flags":"PREFIX","lenient":true,)"
        R"("analyze_wildcard":true,"default_operator":"and"}}}})",
        quoted(text + "*"), quoted(fields));
  };
  add_prefix(start);
  if (upper_case(start) != start) add_prefix(upper_case(start));
  return clauses;
}

// Finds the byte ranges of hits.hits[]._source by SAX over the answer.
class HitHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, HitHandler> {
 public:
  HitHandler(std::string_view answer, const rapidjson::MemoryStream& in)
      : answer_(answer), in_(in) {}

  // Depths: 1 the answer, 2 hits, 3 hits[], 4 one hit, 5 and on its source.
  bool StartObject() {
    ++depth_;
    if (depth_ == 2) in_hits_ = key_ == "hits";
    // The iterative parser calls before it takes the brace, here and at the end.
    if (depth_ == 5 && in_hits_ && key_ == "_source") source_start_ = in_.Tell();
    if (depth_ == 5) at_source_ = key_ == "_source";
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (depth_ == 5 && in_hits_ && at_source_) {
      hit_.body = answer_.substr(source_start_, in_.Tell() + 1 - source_start_);
    }
    if (depth_ == 4 && in_hits_) hits_.push_back(std::exchange(hit_, {}));
    if (depth_ == 1) whole_ = true;
    --depth_;
    return true;
  }
  bool StartArray() { return ++depth_ > 0; }
  bool EndArray(rapidjson::SizeType) { return --depth_ > 0; }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (depth_ <= 4) key_.assign(text, length);
    return true;
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (depth_ == 4 && in_hits_ && key_ == "_id") hit_.id.assign(text, length);
    return true;
  }
  bool Default() { return true; }

  bool whole() const { return whole_; }
  std::vector<DocumentReader::Hit> take() { return std::move(hits_); }

 private:
  std::string_view answer_;
  const rapidjson::MemoryStream& in_;
  std::vector<DocumentReader::Hit> hits_;
  DocumentReader::Hit hit_;
  std::string key_;
  std::size_t source_start_ = 0;
  int depth_ = 0;
  bool in_hits_ = false;
  bool at_source_ = false;
  bool whole_ = false;
};

}  // namespace

std::vector<std::string> nested_paths(std::string_view mapping_answer) {
  std::vector<std::string> paths;
  const Json answer = json_parse(mapping_answer);
  if (!answer.IsObject()) return paths;
  for (const auto& index : answer.GetObject()) {
    if (const auto* mapping = json_find(index.value, {"mappings"})) {
      collect_nested(*mapping, "", paths);
    }
  }
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::string search_body(std::string_view words, std::size_t limit,
                        const std::vector<std::string>& nested) {
  std::string must;
  for (const std::string& word : split_words(words)) {
    std::string should = word_clauses(word, "*");
    for (const std::string& path : nested) {
      should += fmt::format(
          R"(,{{"nested":{{"path":{},"score_mode":"max","query":{{"bool":{{"should":[{}]}}}}}}}})",
          quoted(path), word_clauses(word, path + ".*"));
    }
    must += (must.empty() ? "" : ",") + fmt::format(R"({{"bool":{{"should":[{}]}}}})", should);
  }
  if (must.empty()) return {};
  return fmt::format(R"({{"size":{},"track_total_hits":false,"query":{{"bool":{{"must":[{}],)"
                     R"("must_not":{{"term":{{"_tailrace.deleted":true}}}}}}}}}})",
                     limit, must);
}

Result<std::vector<DocumentReader::Hit>> read_hits(std::string_view answer) {
  rapidjson::MemoryStream in(answer.data(), answer.size());
  HitHandler handler(answer, in);
  rapidjson::Reader reader;
  if (!reader.Parse<rapidjson::kParseIterativeFlag>(in, handler) || !handler.whole()) {
    return retry("es.bad_response", "the answer to a search is not whole");
  }
  return handler.take();
}

}  // namespace tailrace::sinks
