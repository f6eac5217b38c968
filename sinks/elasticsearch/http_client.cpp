#include "sinks/elasticsearch/http_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <vector>

#include "core/assert.hpp"
#include "sinks/elasticsearch/gzip.hpp"

namespace tailrace::sinks {

namespace {

constexpr std::size_t longest_response = 256u << 20;
constexpr std::size_t worth_compressing = 1024;

struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeHeaders>;
struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

struct Transfer {
  std::unique_ptr<CURL, FreeEasy> easy;
  HttpRequest request;
  std::uint64_t tag = 0;
  std::size_t first_url = 0;  // index of the URL that was tried first
  std::size_t urls_tried = 0;
  Headers headers;
  HttpResponse response;
  bool too_long = false;
  char error[CURL_ERROR_SIZE] = {};
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::size_t bytes = size * count;
  if (transfer.response.body.size() + bytes > longest_response) {
    transfer.too_long = true;
    return 0;
  }
  transfer.response.body.append(data, bytes);
  return bytes;
}

void add_header(Headers& headers, const std::string& line) {
  headers.reset(curl_slist_append(headers.release(), line.c_str()));
}

void initialize_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

class HttpClient::Connections {
 public:
  explicit Connections(const ElasticsearchOptions& options)
      : options_(options), multi_((initialize_curl(), curl_multi_init())) {
    TAILRACE_ASSERT(multi_ != nullptr && !options_.urls.empty());
    for (std::string& url : options_.urls) {
      while (url.ends_with('/')) url.pop_back();
    }
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.in_flight) + 1);
  }
  ~Connections() {
    for (const auto& transfer : transfers_) {
      curl_multi_remove_handle(multi_, transfer->easy.get());
    }
    transfers_.clear();
    idle_.clear();
    curl_multi_cleanup(multi_);
  }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void start(HttpRequest request, std::uint64_t tag) {
    auto transfer = std::make_unique<Transfer>();
    transfer->request = std::move(request);
    transfer->tag = tag;
    transfer->first_url = preferred_;
    if (idle_.empty()) {
      transfer->easy.reset(curl_easy_init());
      TAILRACE_ASSERT(transfer->easy != nullptr);
    } else {
      transfer->easy = std::move(idle_.back());
      idle_.pop_back();
    }
    prepare(*transfer);
    curl_multi_add_handle(multi_, transfer->easy.get());
    transfers_.push_back(std::move(transfer));
    int running = 0;
    curl_multi_perform(multi_, &running);
  }

  HttpCompletion wait() {
    TAILRACE_ASSERT(!transfers_.empty());
    for (;;) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        if (auto done = finish(message->easy_handle, message->data.result)) {
          return std::move(*done);
        }
      }
      curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

  std::size_t in_flight() const { return transfers_.size(); }
  const std::string& url() const { return options_.urls[preferred_]; }

 private:
  const std::string& url_of(const Transfer& transfer) const {
    return options_.urls[(transfer.first_url + transfer.urls_tried) % options_.urls.size()];
  }

  void prepare(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    curl_easy_reset(easy);
    const HttpRequest& request = transfer.request;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.request_timeout.count()));
    set_body(transfer);
    set_account(transfer);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
    curl_easy_setopt(easy, CURLOPT_URL, (url_of(transfer) + request.path).c_str());
  }

  void set_body(Transfer& transfer) {
    HttpRequest& request = transfer.request;
    if (request.body.empty()) return;
    add_header(transfer.headers, std::string("Content-Type: ") + request.content_type);
    // Without this libcurl asks before it sends more than 1 MiB, which costs a round trip.
    add_header(transfer.headers, "Expect:");
    if (options_.gzip && request.body.size() >= worth_compressing) {
      if (auto packed = gzip_.compress(request.body)) {
        request.body = std::move(*packed);
        add_header(transfer.headers, "Content-Encoding: gzip");
      }
    }
    curl_easy_setopt(transfer.easy.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(transfer.easy.get(), CURLOPT_POSTFIELDS, request.body.data());
  }

  void set_account(Transfer& transfer) {
    if (!options_.api_key.empty()) {
      add_header(transfer.headers, "Authorization: ApiKey " + options_.api_key.reveal());
    } else if (!options_.user.empty()) {
      curl_easy_setopt(transfer.easy.get(), CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
      curl_easy_setopt(transfer.easy.get(), CURLOPT_USERNAME, options_.user.c_str());
      curl_easy_setopt(transfer.easy.get(), CURLOPT_PASSWORD, options_.password.reveal().c_str());
    }
  }

  // nullopt: goes on with the next URL.
  std::optional<HttpCompletion> finish(CURL* easy, CURLcode code) {
    Transfer* transfer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    curl_multi_remove_handle(multi_, easy);
    if (code != CURLE_OK && !transfer->too_long && ++transfer->urls_tried < options_.urls.size()) {
      curl_easy_setopt(easy, CURLOPT_URL, (url_of(*transfer) + transfer->request.path).c_str());
      transfer->response = {};
      curl_multi_add_handle(multi_, easy);
      return std::nullopt;
    }
    HttpCompletion done{transfer->tag, outcome(*transfer, code)};
    if (done.response)
      preferred_ = (transfer->first_url + transfer->urls_tried) % options_.urls.size();
    std::erase_if(transfers_, [&](auto& candidate) {
      if (candidate.get() != transfer) return false;
      idle_.push_back(std::move(candidate->easy));
      return true;
    });
    return done;
  }

  Result<HttpResponse> outcome(Transfer& transfer, CURLcode code) {
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
      transfer.response.status = static_cast<int>(status);
      return std::move(transfer.response);
    }
    if (transfer.too_long) {
      return retry("es.bad_response", fmt::format("{}: the answer is longer than {} MiB",
                                                  url_of(transfer), longest_response >> 20));
    }
    std::string urls;
    for (const std::string& url : options_.urls) urls += (urls.empty() ? "" : ", ") + url;
    const char* cause = *transfer.error ? transfer.error : curl_easy_strerror(code);
    return retry(code == CURLE_OPERATION_TIMEDOUT ? "es.timeout" : "es.unreachable",
                 fmt::format("{}: {}", urls, cause));
  }

  ElasticsearchOptions options_;
  CURLM* multi_;
  Gzip gzip_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<std::unique_ptr<CURL, FreeEasy>> idle_;
  std::size_t preferred_ = 0;
};

HttpClient::HttpClient(const ElasticsearchOptions& options)
    : connections_(std::make_unique<Connections>(options)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

void HttpClient::start(HttpRequest request, std::uint64_t tag) {
  connections_->start(std::move(request), tag);
}
std::size_t HttpClient::in_flight() const { return connections_->in_flight(); }
HttpCompletion HttpClient::wait() { return connections_->wait(); }
Result<HttpResponse> HttpClient::send(HttpRequest request) {
  TAILRACE_ASSERT(in_flight() == 0);
  start(std::move(request), 0);
  return std::move(wait().response);
}
const std::string& HttpClient::url() const { return connections_->url(); }

std::string percent_encode(std::string_view text) {
  constexpr char hex[] = "0123456789ABCDEF";
  const bool all_dots = text == "." || text == "..";  // would be taken for folders
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || c == '-' || c == '_' || c == '~' ||
                       (c == '.' && !all_dots);
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    }
  }
  return out;
}

}  // namespace tailrace::sinks
