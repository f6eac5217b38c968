#include "app/admin/import_routes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "core/clock.hpp"
#include "core/json_writer.hpp"

namespace tailrace::app {
namespace {

constexpr Milliseconds patience{5000};

HttpReply bad_query(std::string detail, std::string suggestion) {
  return problem_reply({400, "http.bad_query", std::move(detail), std::move(suggestion)});
}

HttpReply refused(const Error& error) {
  if (error.disposition == Disposition::retry) {
    return problem_reply({503, error.code, error.message, "ask again in a while"});
  }
  const int status = error.code == "import.full" ? 429 : error.code == "import.unknown" ? 404 : 400;
  return problem_reply({status, error.code, error.message, ""});
}

// nullopt: which one is not said, or there is no such.
std::optional<std::pair<std::string, engine::ImportDesk*>> desk_of(const ImportDesks& desks,
                                                                   const Target& target) {
  const auto given = target.query.find("shard");
  if (given == target.query.end()) {
    if (desks.size() != 1) return std::nullopt;
    return *desks.begin();
  }
  const auto at = desks.find(given->second);
  if (at == desks.end()) return std::nullopt;
  return *at;
}

HttpReply which_shard(const ImportDesks& desks) {
  std::vector<std::string> names;
  for (const auto& [name, desk] : desks) names.push_back(name);
  return bad_query("which shard is not said, or there is no such shard here",
                   fmt::format("add &shard= and one of: {}", fmt::join(names, ", ")));
}

// nullopt: a broken escape.
std::optional<std::vector<std::string>> ids_in(std::string_view list) {
  std::vector<std::string> ids;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    auto id = percent_decode(list.substr(0, comma));
    if (!id) return std::nullopt;
    if (!id->empty()) ids.push_back(std::move(*id));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return ids;
}

HttpReply start(const ImportDesks& desks, const Target& target) {
  const auto document = target.query.find("document");
  const auto list = target.query.find("ids");
  const auto ids = list == target.query.end() ? std::nullopt : ids_in(list->second);
  if (document == target.query.end() || !ids || ids->empty()) {
    return bad_query("document or ids is missing, or broken",
                     "ask for /v1/snapshots?document=order&ids=7,8");
  }
  const auto desk = desk_of(desks, target);
  if (!desk) return which_shard(desks);
  const auto receipt =
      desk->second->start({document->second, *ids}, system_clock().now() + patience);
  if (!receipt) return refused(receipt.error());
  HttpReply reply;
  reply.status = 202;
  reply.body =
      fmt::format("{{\"number\":{},\"roots\":{},\"shard\":", receipt->number, receipt->roots);
  append_json_string(reply.body, desk->first);
  reply.body += "}\n";
  return reply;
}

void append_report(std::string& out, const std::string& shard, const engine::ImportReport& report) {
  out += fmt::format("{{\"number\":{},\"shard\":", report.number);
  append_json_string(out, shard);
  out += report.table.empty() ? ",\"document\":" : ",\"table\":";
  append_json_string(out, report.table.empty() ? report.document : report.table);
  out += fmt::format(",\"roots\":{},\"done\":{},\"read_again\":{},\"since\":\"", report.roots,
                     report.done, report.again);
  append_utc_time(out, report.since_us);
  out += "\",\"problem\":";
  if (report.problem.empty()) {
    out += "null";
  } else {
    append_json_string(out, as_utf8(report.problem));
  }
  out += '}';
}

HttpReply list(const ImportDesks& desks) {
  HttpReply reply;
  reply.body = "{\"snapshots\":[";
  for (const auto& [shard, desk] : desks) {
    for (const engine::ImportReport& report : desk->list()) {
      if (reply.body.back() != '[') reply.body += ',';
      append_report(reply.body, shard, report);
    }
  }
  reply.body += "]}\n";
  return reply;
}

HttpReply stop(const ImportDesks& desks, const Target& target) {
  std::uint64_t number = 0;
  const std::string& text = target.segments[2];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) {
    return bad_query("'" + text + "' is no number of a snapshot", "GET /v1/snapshots lists them");
  }
  const auto desk = desk_of(desks, target);
  if (!desk) return which_shard(desks);
  const auto receipt = desk->second->stop(number, system_clock().now() + patience);
  if (!receipt) return refused(receipt.error());
  HttpReply reply;
  reply.body = fmt::format("{{\"number\":{},\"roots\":{}}}\n", receipt->number, receipt->roots);
  return reply;
}

}  // namespace

bool is_import_target(const Target& target) {
  const auto& path = target.segments;
  return (path.size() == 2 || path.size() == 3) && path[0] == "v1" && path[1] == "snapshots";
}

HttpReply answer_import(const ImportDesks& desks, const HttpRequest& request,
                        const Target& target) {
  const bool names_one = target.segments.size() == 3;
  const bool fits =
      names_one ? request.method == "DELETE" : request.method == "POST" || request.method == "GET";
  if (!fits) {
    HttpReply reply =
        problem_reply({405, "http.method", names_one ? "only DELETE" : "only GET and POST", ""});
    reply.headers.emplace_back("Allow", names_one ? "DELETE" : "GET, POST");
    return reply;
  }
  if (desks.empty()) {
    return problem_reply({409, "http.no_capture", "this process reads no source",
                          "ask the process that runs with --role all or capture"});
  }
  if (names_one) return stop(desks, target);
  return request.method == "POST" ? start(desks, target) : list(desks);
}

}  // namespace tailrace::app
