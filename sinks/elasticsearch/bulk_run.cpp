#include "sinks/elasticsearch/bulk_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sinks/elasticsearch/bulk_request.hpp"
#include "sinks/elasticsearch/bulk_response.hpp"

namespace tailrace::sinks {

namespace {
// Fewer documents are not worth a request of their own.
constexpr std::size_t worth_a_request = 250;
}  // namespace

BulkRun::BulkRun(HttpClient& client, std::string path, BulkLimits limits,
                 std::span<const DocumentWrite> batch)
    : client_(client), path_(std::move(path)), limits_(limits), batch_(batch) {}

Result<std::vector<Result<void>>> BulkRun::run() {
  plan();
  while (!waiting_.empty() || client_.in_flight() > 0) {
    while (!waiting_.empty() && client_.in_flight() < limits_.in_flight) {
      const Part part = waiting_.front();
      waiting_.pop_front();
      send(part);
    }
    take(client_.wait());
    if (!gone_ && !unanswered_) continue;
    // The next request would fare no better, and might wait for its time-out.
    for (const Part part : waiting_) fail(part, gone_ ? *gone_ : *unanswered_);
    waiting_.clear();
  }
  if (gone_) return Failure(*gone_);
  if (unanswered_ && !answered_) return Failure(*unanswered_);
  return std::move(outcomes_);
}

// Spreads the batch over the requests that may be in flight, within the limits of one request.
void BulkRun::plan() {
  outcomes_.resize(batch_.size());
  sendable_.reserve(batch_.size());
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    outcomes_[i] = check_bulk_item(batch_[i]);
    if (outcomes_[i]) sendable_.push_back(i);
  }
  const std::size_t share = (sendable_.size() + limits_.in_flight - 1) / limits_.in_flight;
  const std::size_t documents =
      std::max<std::size_t>(1, std::min(std::max(share, worth_a_request), limits_.documents));
  for (std::size_t begin = 0; begin < sendable_.size();) {
    std::size_t end = begin;
    std::size_t bytes = 0;
    while (end < sendable_.size() && end - begin < documents) {
      bytes += bulk_item_size(batch_[sendable_[end]]);
      if (end > begin && bytes > limits_.bytes) break;
      ++end;
    }
    waiting_.push_back({begin, end});
    begin = end;
  }
}

void BulkRun::send(Part part) {
  HttpRequest request{.method = "POST", .path = path_, .content_type = "application/x-ndjson"};
  std::size_t size = 0;
  for (std::size_t i = part.begin; i < part.end; ++i) size += bulk_item_size(batch_[sendable_[i]]);
  request.body.reserve(size);
  for (std::size_t i = part.begin; i < part.end; ++i) {
    append_bulk_item(request.body, batch_[sendable_[i]]);
  }
  sent_.push_back(part);
  client_.start(std::move(request), sent_.size() - 1);
}

void BulkRun::take(HttpCompletion done) {
  const Part part = sent_[done.tag];
  if (done.response) {
    take_answer(part, *done.response);
  } else {
    fail(part, done.response.error());
    unanswered_ = std::move(done.response).error();
  }
}

void BulkRun::take_answer(Part part, const HttpResponse& response) {
  const auto unknown = [&](const char* code, const std::string& message) {
    unanswered_ = Error{Disposition::retry, code, message};
    fail(part, *unanswered_);
  };
  if (response.ok()) {
    auto items = read_bulk_response(response.body, part.end - part.begin);
    if (items) {
      answered_ = true;
      for (std::size_t i = 0; i < items->size(); ++i) {
        outcomes_[sendable_[part.begin + i]] = std::move((*items)[i]);
      }
    } else if (items.error().disposition == Disposition::halt) {
      gone_ = std::move(items).error();
    } else {
      unknown("es.bad_response", client_.url() + ": " + items.error().message);
    }
    return;
  }
  const std::string reason = server_reason(response.body);
  if (response.status == 413) {
    answered_ = true;
    return split(part, {Disposition::dead_letter, "es.too_large", place(response)});
  }
  if (response.status == 400 && !reason.empty()) {
    answered_ = true;
    return split(part, {Disposition::dead_letter, "es.refused_document", reason});
  }
  if (response.status == 429) {
    answered_ = true;
    return fail(part, {Disposition::retry, "es.rejected", place(response)});
  }
  if (reason.starts_with("index_not_found_exception")) {
    gone_ = Error{Disposition::halt, "es.index_gone", place(response)};
    return;
  }
  if (response.status == 401 || response.status == 403) {
    return unknown("es.forbidden", place(response) + "; check api_key, or user and password");
  }
  if (response.status / 100 == 3) {
    return unknown("es.redirected", place(response) + "; redirects are not followed");
  }
  unknown("es.unavailable", place(response));
}

void BulkRun::split(Part part, Error alone) {
  if (part.end - part.begin == 1) {
    outcomes_[sendable_[part.begin]] = Failure(std::move(alone));
    return;
  }
  const std::size_t middle = part.begin + (part.end - part.begin) / 2;
  waiting_.push_back({part.begin, middle});
  waiting_.push_back({middle, part.end});
}

void BulkRun::fail(Part part, const Error& error) {
  for (std::size_t i = part.begin; i < part.end; ++i) {
    outcomes_[sendable_[i]] = Failure(error);
  }
}

std::string BulkRun::place(const HttpResponse& response) const {
  const std::string reason = server_reason(response.body);
  return fmt::format("{}: bulk request: status {}{}", client_.url(), response.status,
                     reason.empty() ? "" : ", " + reason);
}

}  // namespace tailrace::sinks
