#include "app/binlog/given_schema.hpp"

#include "app/mysql_url.hpp"
#include "capture/catalog.hpp"
#include "capture/mysql/error_class.hpp"
#include "capture/schema_script.hpp"

namespace tailrace::app {

Result<capture::SchemaCatalog> read_given_schema(const std::string& place) {
  if (!is_mysql_url(place)) return capture::read_schema_file(place);
  TAILRACE_ASSIGN(const MysqlUrl url, parse_mysql_url(place));
  auto catalog = capture::read_catalog(url.options);
  if (!catalog) return Failure(capture::mysql::for_onlooker(std::move(catalog).error()));
  if (!catalog->tables().empty()) return catalog;
  return halt("schema.no_tables",
              "the server shows this account no table" +
                  (url.options.database.empty() ? "" : " of " + url.options.database) +
                  "; grant it SELECT on them");
}

}  // namespace tailrace::app
