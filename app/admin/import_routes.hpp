// /v1/snapshots: roots that capture is asked to read again (engine.md §8).
//   POST   /v1/snapshots?document=order&ids=7,8[&shard=main]   → 202 {"number":3,"roots":2}
//   GET    /v1/snapshots
//   DELETE /v1/snapshots/{number}[?shard=main]
// `ids` is a list with commas; a comma or percent sign inside an id is written %2C, %25 once more.
// Threading: every method from several threads at once.
#pragma once

#include <map>
#include <string>

#include "app/admin/http_message.hpp"
#include "app/admin/url.hpp"
#include "engine/import_desk.hpp"

namespace tailrace::app {

// By shard; the desks outlive whoever asks. Empty: no capture runs in this process.
using ImportDesks = std::map<std::string, engine::ImportDesk*, std::less<>>;

bool is_import_target(const Target& target);
// The answer to an authorized request.
HttpReply answer_import(const ImportDesks& desks, const HttpRequest& request, const Target& target);

}  // namespace tailrace::app
