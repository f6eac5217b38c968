#include "sinks/elasticsearch/bulk_response.hpp"

#include <fmt/format.h>
#include <rapidjson/reader.h>

#include "sinks/elasticsearch/json.hpp"

namespace tailrace::sinks {

namespace {

constexpr std::size_t longest_reason = 2000;  // a reason may quote the whole document

struct Item {
  int status = 0;
  std::string type;
  std::string reason;
  std::string cause;  // of the innermost caused_by
};

std::string reason_of(const Item& item) {
  std::string text = item.type.empty() ? fmt::format("status {}", item.status) : item.type;
  if (!item.reason.empty()) text += ": " + item.reason;
  if (!item.cause.empty() && item.cause != item.reason) text += ": " + item.cause;
  if (text.size() <= longest_reason) return text;
  std::size_t end = longest_reason;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

Result<void> outcome_of(const Item& item) {
  if (item.status / 100 == 2 || item.status == 409) return {};
  if (item.status == 404 && item.type == "index_not_found_exception") {
    return halt("es.index_gone", reason_of(item));
  }
  // A full disk or an operator's block: goes away by itself or by a person, not by another
  // document.
  if (item.type == "cluster_block_exception") return retry("es.blocked", reason_of(item));
  if (item.status == 401 || item.status == 403) return retry("es.forbidden", reason_of(item));
  if (item.status == 429) return retry("es.rejected", reason_of(item));
  if (item.status / 100 == 4) return dead_letter("es.refused_document", reason_of(item));
  return retry("es.unavailable", reason_of(item));
}

// {"errors":…,"items":[{"index":{"status":201,"error":{"type":…,"reason":…,"caused_by":{…}}}}]}
// by SAX: nothing is kept of the items that went well.
class Handler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Handler> {
 public:
  explicit Handler(std::size_t expected) { outcomes_.reserve(expected); }

  // Depths: 1 the answer, 2 items[], 3 one item, 4 its action, 5 the error, 6 and on its causes.
  bool StartObject() { return enter(); }
  bool EndObject(rapidjson::SizeType) {
    if (depth_ == 4 && in_items_) finish_item();
    --depth_;
    return true;
  }
  bool StartArray() {
    if (depth_ == 1 && key_ == "items") in_items_ = true;
    return enter();
  }
  bool EndArray(rapidjson::SizeType) {
    --depth_;
    if (depth_ == 1 && in_items_) {
      in_items_ = false;
      whole_ = true;
    }
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    key_.assign(text, length);
    if (depth_ == 4) in_error_ = key_ == "error";
    return true;
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (!in_items_ || !in_error_) return true;
    if (depth_ == 4) item_.reason.assign(text, length);  // "error": "text", of old servers
    if (depth_ == 5 && key_ == "type") item_.type.assign(text, length);
    if (depth_ == 5 && key_ == "reason") item_.reason.assign(text, length);
    if (depth_ > 5 && key_ == "reason") item_.cause.assign(text, length);
    return true;
  }
  bool Uint(unsigned number) {
    if (in_items_ && depth_ == 4 && key_ == "status") item_.status = static_cast<int>(number);
    return true;
  }
  bool Default() { return true; }

  bool whole() const { return whole_; }
  std::vector<Result<void>> take() { return std::move(outcomes_); }

 private:
  bool enter() { return ++depth_ < 64; }
  void finish_item() {
    outcomes_.push_back(outcome_of(item_));
    item_ = {};
    in_error_ = false;
  }

  std::vector<Result<void>> outcomes_;
  Item item_;
  std::string key_;
  int depth_ = 0;
  bool in_items_ = false;
  bool in_error_ = false;
  bool whole_ = false;
};

}  // namespace

Result<std::vector<Result<void>>> read_bulk_response(std::string_view body, std::size_t expected) {
  Handler handler(expected);
  rapidjson::MemoryStream in(body.data(), body.size());
  rapidjson::Reader reader;
  const bool parsed = static_cast<bool>(reader.Parse<rapidjson::kParseIterativeFlag>(in, handler));
  auto outcomes = handler.take();
  if (!parsed || !handler.whole() || outcomes.size() != expected) {
    return retry("es.bad_response",
                 fmt::format("the answer to a bulk request is not whole: {} bytes, {} of {} items",
                             body.size(), outcomes.size(), expected));
  }
  for (const auto& outcome : outcomes) {
    if (!outcome && outcome.error().disposition == Disposition::halt) {
      return Failure(outcome.error());
    }
  }
  return outcomes;
}

std::string server_reason(std::string_view body) {
  const Json answer = json_parse(body);
  const rapidjson::Value* error = json_find(answer, {"error"});
  if (!error) return {};
  if (error->IsString()) return std::string(json_text(*error));
  Item item;
  item.type = json_text_at(*error, {"type"});
  item.reason = json_text_at(*error, {"reason"});
  for (auto* cause = json_find(*error, {"caused_by"}); cause;
       cause = json_find(*cause, {"caused_by"})) {
    item.cause = json_text_at(*cause, {"reason"});
  }
  return item.type.empty() && item.reason.empty() ? std::string() : reason_of(item);
}

}  // namespace tailrace::sinks
