#include "engine/import_desk.hpp"

#include <utility>

namespace tailrace::engine {

Result<ImportReceipt> ImportDesk::start(ImportRequest request, Deadline deadline) {
  auto order = std::make_unique<Order>();
  order->request = std::move(request);
  return ask(std::move(order), deadline);
}

Result<ImportReceipt> ImportDesk::stop(std::uint64_t number, Deadline deadline) {
  auto order = std::make_unique<Order>();
  order->stops = number;
  return ask(std::move(order), deadline);
}

std::future<Result<ImportReceipt>> ImportDesk::post(ImportRequest request) {
  auto order = std::make_unique<Order>();
  order->request = std::move(request);
  return put(std::move(order));
}

std::future<Result<ImportReceipt>> ImportDesk::put(std::unique_ptr<Order> order) {
  auto answer = order->answer.get_future();
  const std::lock_guard lock(mutex_);
  orders_.push_back(std::move(order));
  return answer;
}

Result<ImportReceipt> ImportDesk::ask(std::unique_ptr<Order> order, Deadline deadline) {
  constexpr std::size_t most_asking = 2;
  {
    const std::lock_guard lock(mutex_);
    if (asking_ >= most_asking) return retry("import.busy", "others ask for the same just now");
    ++asking_;
  }
  const Order* const mine = order.get();
  auto answer = put(std::move(order));
  const bool answered = answer.wait_until(deadline) == std::future_status::ready;
  const std::lock_guard lock(mutex_);
  --asking_;
  if (answered) return answer.get();
  std::erase_if(orders_, [mine](const auto& waiting) { return waiting.get() == mine; });
  return retry("import.busy",
               "capture does not run here, or reads a large transaction; ask again in a while");
}

std::unique_ptr<ImportDesk::Order> ImportDesk::take() {
  const std::lock_guard lock(mutex_);
  if (orders_.empty()) return nullptr;
  auto order = std::move(orders_.front());
  orders_.pop_front();
  return order;
}

void ImportDesk::show(std::vector<ImportReport> reports) {
  const std::lock_guard lock(mutex_);
  reports_ = std::move(reports);
}

std::vector<ImportReport> ImportDesk::list() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

}  // namespace tailrace::engine
