#include "app/admin/listener.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "app/admin/http_codec.hpp"
#include "app/admin/socket.hpp"
#include "core/clock.hpp"

namespace tailrace::app {
namespace {

constexpr std::size_t queue_limit = 64;
constexpr Milliseconds drain_time{1000};
constexpr Milliseconds accept_pause{100};

struct Connection {
  Socket socket;
  std::string received = {};
  Deadline deadline;
  bool is_answered = false;  // what still comes is thrown away, so that the answer is not
};

struct Work {
  Socket socket;
  std::string head;
};

}  // namespace

class Listener::State {
 public:
  State(ListenerOptions options, Socket socket, Socket wake, HttpHandler handler)
      : options_(std::move(options)),
        listening_(std::move(socket)),
        wake_(std::move(wake)),
        port_(local_port(listening_)),
        codec_(std::move(handler)) {
    for (int i = 0; i < options_.threads; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { answer_requests(stop); });
    }
    gate_ = std::jthread([this](const std::stop_token& stop) { watch_connections(stop); });
  }

  ~State() {
    gate_.request_stop();
    signal();
    gate_.join();
    for (std::jthread& worker : workers_) worker.request_stop();
    work_there_.notify_all();
  }

  std::uint16_t port() const { return port_; }

 private:
  // Returns at once from the gate's poll.
  void signal() const {
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_.fd(), &one, sizeof one) == 0);
  }

  void watch_connections(const std::stop_token& stop);
  int wait_ms(Deadline now) const;
  void take_back_answered(Deadline now);
  void accept_all(Deadline now);
  // False: the connection is to be dropped.
  bool receive(Connection& connection, Deadline now);
  bool consider(Connection& connection, Deadline now);
  bool refuse(Connection& connection, const HttpProblem& problem, Deadline now) const;
  bool expire(Connection& connection, Deadline now) const;
  void answer_requests(const std::stop_token& stop);

  ListenerOptions options_;
  Socket listening_;
  Socket wake_;
  std::uint16_t port_;
  HttpCodec codec_;

  std::deque<Connection> connections_;  // the gate's own, oldest first
  Deadline accept_from_{};              // the gate's own

  std::mutex mutex_;
  std::condition_variable_any work_there_;
  std::deque<Work> work_;         // under mutex_
  std::vector<Socket> answered_;  // under mutex_

  std::vector<std::jthread> workers_;
  std::jthread gate_;
};

void Listener::State::watch_connections(const std::stop_token& stop) {
  std::vector<pollfd> watched;
  while (!stop.stop_requested()) {
    Deadline now = system_clock().now();
    watched.clear();
    watched.push_back({wake_.fd(), POLLIN, 0});
    watched.push_back({now >= accept_from_ ? listening_.fd() : -1, POLLIN, 0});
    for (const Connection& connection : connections_) {
      watched.push_back({connection.socket.fd(), POLLIN, 0});
    }
    if (::poll(watched.data(), watched.size(), wait_ms(now)) < 0 && errno != EINTR) return;
    now = system_clock().now();
    std::deque<Connection> kept;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& connection = connections_[i];
      const bool is_there = watched[i + 2].revents == 0 || receive(connection, now);
      if (is_there && expire(connection, now)) kept.push_back(std::move(connection));
    }
    connections_ = std::move(kept);
    if (watched[0].revents != 0) take_back_answered(now);
    if (watched[1].revents != 0) accept_all(now);
  }
  connections_.clear();
}

int Listener::State::wait_ms(Deadline now) const {
  Deadline next = now + Milliseconds(60'000);
  if (accept_from_ > now) next = std::min(next, accept_from_);
  for (const Connection& connection : connections_) next = std::min(next, connection.deadline);
  const auto left = std::chrono::ceil<Milliseconds>(next - now);
  return static_cast<int>(std::max<Milliseconds::rep>(left.count(), 0));
}

void Listener::State::take_back_answered(Deadline now) {
  std::uint64_t count = 0;
  static_cast<void>(::read(wake_.fd(), &count, sizeof count) == 0);
  std::vector<Socket> answered;
  {
    const std::lock_guard lock(mutex_);
    answered.swap(answered_);
  }
  for (Socket& socket : answered) {
    connections_.push_back({std::move(socket), {}, now + drain_time, true});
  }
}

void Listener::State::accept_all(Deadline now) {
  for (;;) {
    Socket socket(::accept4(listening_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.fd() < 0) {
      const bool is_short =
          errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (is_short && !connections_.empty()) connections_.pop_front();
      if (is_short) accept_from_ = now + accept_pause;
      return;
    }
    // The oldest has had the most time.
    if (connections_.size() >= options_.connections) connections_.pop_front();
    connections_.push_back(
        {std::move(socket), {}, now + Milliseconds(options_.head_timeout_ms), false});
  }
}

bool Listener::State::receive(Connection& connection, Deadline now) {
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::recv(connection.socket.fd(), buffer, sizeof buffer, 0);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (connection.is_answered) return true;
    connection.received.append(buffer, static_cast<std::size_t>(got));
    if (!consider(connection, now)) return false;
    if (connection.is_answered) return true;
  }
}

// Hands a complete head to the workers; `received` grows by one buffer beyond the limit at most.
bool Listener::State::consider(Connection& connection, Deadline now) {
  const auto length = head_length(connection.received);
  const std::size_t size = length.value_or(connection.received.size());
  if (size > options_.limits.head_bytes) {
    return refuse(connection,
                  {431, "http.header_too_large", "the head of the request is too large", ""}, now);
  }
  if (!length) return true;
  std::string head = connection.received.substr(0, *length);
  if (const auto problem = clean_head(head, options_.limits))
    return refuse(connection, *problem, now);
  {
    const std::lock_guard lock(mutex_);
    if (work_.size() < queue_limit) {
      work_.push_back({std::move(connection.socket), std::move(head)});
      work_there_.notify_one();
      return false;  // it is the worker's now
    }
  }
  return refuse(connection, {503, "http.busy", "too many requests at once", "try again later"},
                now);
}

bool Listener::State::refuse(Connection& connection, const HttpProblem& problem,
                             Deadline now) const {
  // So short that it fits into the socket's buffer: this never waits.
  if (!send_all(connection.socket.fd(), HttpCodec::refuse(problem), 0)) return false;
  ::shutdown(connection.socket.fd(), SHUT_WR);
  connection.received = {};
  connection.is_answered = true;
  connection.deadline = now + drain_time;
  return true;
}

bool Listener::State::expire(Connection& connection, Deadline now) const {
  if (connection.deadline > now) return true;
  if (connection.is_answered || connection.received.empty()) return false;
  return refuse(connection, {408, "http.too_slow", "the request did not come in time", ""}, now);
}

void Listener::State::answer_requests(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!work_there_.wait(lock, stop, [&] { return !work_.empty(); })) return;
    Work work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    const std::string answer = codec_.answer(work.head);
    if (!send_all(work.socket.fd(), answer, options_.write_timeout_ms)) continue;
    ::shutdown(work.socket.fd(), SHUT_WR);
    lock.lock();
    answered_.push_back(std::move(work.socket));
    lock.unlock();
    signal();
  }
}

Result<std::unique_ptr<Listener>> Listener::start(ListenerOptions options, HttpHandler handler) {
  TAILRACE_ASSIGN(Socket socket, listen_on(options.host, options.port));
  Socket wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (wake.fd() < 0)
    return halt("serve.address", "the system gives no event descriptor; raise ulimit -n");
  auto state = std::make_unique<State>(std::move(options), std::move(socket), std::move(wake),
                                       std::move(handler));
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() = default;

std::uint16_t Listener::port() const { return state_->port(); }

}  // namespace tailrace::app
