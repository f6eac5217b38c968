#include "transform/event_envelope.hpp"

#include "core/json_writer.hpp"

namespace tailrace::transform {

namespace {

// Writes over the headers of the event before, so that their strings keep what they allocated.
class HeaderWriter {
 public:
  explicit HeaderWriter(DomainEvent& event) : headers_(event.headers) {}
  ~HeaderWriter() { headers_.resize(used_); }
  HeaderWriter(const HeaderWriter&) = delete;
  HeaderWriter& operator=(const HeaderWriter&) = delete;

  std::string& next(std::string_view name) {
    if (used_ == headers_.size()) headers_.emplace_back();
    auto& [header_name, value] = headers_[used_++];
    header_name = name;
    value.clear();
    return value;
  }

 private:
  std::vector<std::pair<std::string, std::string>>& headers_;
  std::size_t used_ = 0;
};

}  // namespace

void EventEnvelope::begin(const EventContext& context) {
  id_prefix_ = context.source + ":";
  append_number(id_prefix_, std::uint64_t{context.base.epoch});
  id_prefix_.push_back(':');
  append_number(id_prefix_, context.base.seq);
  id_prefix_.push_back(':');
  source_ = context.pipeline + "/" + context.source;
  time_.clear();
  if (context.commit_time_us != 0) append_utc_time(time_, context.commit_time_us);
}

void EventEnvelope::write_headers(const Origin& origin, DomainEvent& event) const {
  HeaderWriter headers(event);
  if (envelope_ == Envelope::cloudevents) {
    headers.next("ce_specversion") = "1.0";
    std::string& id = headers.next("ce_id");
    id = id_prefix_;
    append_number(id, std::uint64_t{origin.index});
    id.push_back(':');
    append_number(id, std::uint64_t{origin.rule});
    if (origin.by_leaving) id += ":from";
    headers.next("ce_source") = source_;
    headers.next("ce_type") = event.type;
    // The specification wants optional attributes left out rather than empty.
    if (!time_.empty()) headers.next("ce_time") = time_;
    if (!event.key.empty()) headers.next("ce_subject") = event.key;
    if (!origin.op.empty()) headers.next("ce_op") = origin.op;
  }
  headers.next("content-type") = "application/json";
}

}  // namespace tailrace::transform
