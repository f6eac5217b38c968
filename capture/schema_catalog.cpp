#include "capture/schema_catalog.hpp"

#include <algorithm>
#include <cctype>

#include "capture/sql_cursor.hpp"
#include "core/bytes.hpp"
#include "core/table_schema_codec.hpp"

namespace tailrace::capture {
namespace {

constexpr std::uint8_t catalog_version = 1;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void append_charset(std::string& out, const DefaultCharset& charset) {
  append_sized(out, charset.charset);
  append_sized(out, charset.collation);
}

DefaultCharset read_charset(ByteReader& in) {
  DefaultCharset charset;
  charset.charset = in.sized();
  charset.collation = in.sized();
  return charset;
}

}  // namespace

SchemaCatalog::Key SchemaCatalog::key(const TableId& id) const {
  if (!ignore_case_) return {id.database, id.table};
  return {lower(id.database), lower(id.table)};
}

DefaultCharset SchemaCatalog::charset_of(const std::string& database) const {
  const auto found = databases_.find(ignore_case_ ? lower(database) : database);
  return found == databases_.end() ? server_ : found->second;
}

void SchemaCatalog::put(TableDefinition table) {
  Slot& slot = tables_[key(table.schema.id)];
  slot = std::move(table);
}

void SchemaCatalog::set_database_charset(const std::string& database, DefaultCharset charset) {
  databases_[ignore_case_ ? lower(database) : database] = std::move(charset);
}

const TableDefinition* SchemaCatalog::find(const TableId& id) const {
  const auto found = tables_.find(key(id));
  return found == tables_.end() || !found->second ? nullptr : &*found->second;
}

bool SchemaCatalog::is_unknown(const TableId& id) const {
  const auto found = tables_.find(key(id));
  return found != tables_.end() && !found->second;
}

void SchemaCatalog::forget(const TableId& id) { tables_[key(id)].reset(); }

std::vector<TableId> SchemaCatalog::tables() const {
  std::vector<TableId> ids;
  for (const auto& [key, slot] : tables_) {
    ids.push_back(slot ? slot->schema.id : TableId{key.database, key.table});
  }
  return ids;
}

bool SchemaCatalog::apply(const StatementText& statement) {
  SqlCursor in(statement.sql, statement.dialect);
  if (in.take("SET") && in.take("STATEMENT")) in.skip_to({"FOR"}), in.advance();  // MariaDB's
  if (in.take("CREATE")) return create(in, statement);
  if (in.take("ALTER")) return alter(in, statement);
  if (in.take("RENAME")) return rename(in, statement);
  if (in.take("DROP")) return drop(in, statement);
  return false;
}

bool SchemaCatalog::create(SqlCursor& in, const StatementText& statement) {
  const bool replaces = in.take("OR") && in.take("REPLACE");
  if (in.take_any({"DATABASE", "SCHEMA"})) return create_database(in, statement.default_database);
  if (!in.take("TABLE")) return false;  // TEMPORARY TABLE, INDEX, VIEW …
  const bool if_not_exists = in.take_if_exists();
  auto id = in.take_table(statement.default_database);
  if (!id) return false;
  if (if_not_exists && !replaces) {
    // Logged also where the table existed and the statement did nothing.
    tables_.try_emplace(key(*id));
    return false;
  }
  const bool bracket = in.is_sign('(');
  SqlCursor like = in;
  if (bracket) like.advance();
  if (like.take("LIKE")) {
    const auto model = like.take_table(statement.default_database);
    const TableDefinition* const known = model ? find(*model) : nullptr;
    Slot copy;
    if (known != nullptr) copy = *known;
    if (copy) copy->schema.id = *id;
    tables_[key(*id)] = std::move(copy);
    return true;
  }
  const DefaultCharset charset = charset_of(id->database);
  tables_[key(*id)] = read_create_table(in, *id, charset, statement.dialect.mariadb);
  return true;
}

// CREATE DATABASE name options and ALTER DATABASE [name] options.
bool SchemaCatalog::create_database(SqlCursor& in, std::string_view default_database) {
  in.take_if_exists();
  std::string name(default_database);
  const bool options = in.is_any({"DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "ENCRYPTION"});
  if (!options) name = in.take_name().value_or(name);
  DefaultCharset charset = charset_of(name);
  while (!in.at_end()) {
    if (!take_charset_option(in, charset)) in.advance();
  }
  set_database_charset(name, std::move(charset));
  return false;
}

bool SchemaCatalog::alter(SqlCursor& in, const StatementText& statement) {
  if (in.take_any({"DATABASE", "SCHEMA"})) return create_database(in, statement.default_database);
  while (in.take_any({"ONLINE", "OFFLINE", "IGNORE"})) {
  }
  if (!in.take("TABLE")) return false;
  in.take_if_exists();
  const auto id = in.take_table(statement.default_database);
  if (!id) return false;
  const auto slot = tables_.find(key(*id));
  if (slot == tables_.end()) return false;
  Slot changed;
  if (slot->second) {
    changed =
        read_alter_table(in, *slot->second, statement.default_database, statement.dialect.mariadb);
  }
  if (!changed) {
    // Where it goes, if it is renamed too, the classifier finds.
    const std::vector<TableId> named = classify_statement(statement).tables;
    slot->second.reset();
    if (named.size() > 1) move(*id, named.back());
    return true;
  }
  const TableId now = changed->schema.id;
  slot->second = std::move(changed);
  if (key(now) != key(*id)) move(*id, now);
  return true;
}

void SchemaCatalog::move(const TableId& from, const TableId& to) {
  const auto slot = tables_.find(key(from));
  if (slot == tables_.end()) {
    tables_.erase(key(to));
    return;
  }
  Slot moved = std::move(slot->second);
  tables_.erase(slot);
  if (moved) moved->schema.id = to;
  tables_[key(to)] = std::move(moved);
}

bool SchemaCatalog::rename(SqlCursor& in, const StatementText& statement) {
  if (!in.take_any({"TABLE", "TABLES"})) return false;
  in.take_if_exists();
  bool known = false;
  do {
    const auto from = in.take_table(statement.default_database);
    if (in.take("WAIT")) in.advance();
    in.take("NOWAIT");
    in.take("TO");
    const auto to = in.take_table(statement.default_database);
    if (!from || !to) return known;
    known = known || tables_.contains(key(*from)) || tables_.contains(key(*to));
    move(*from, *to);
  } while (in.take_sign(','));
  return known;
}

bool SchemaCatalog::drop(SqlCursor& in, const StatementText& statement) {
  if (in.take_any({"DATABASE", "SCHEMA"})) {
    in.take_if_exists();
    const Key all = key({in.take_name().value_or(""), ""});
    databases_.erase(all.database);
    return std::erase_if(tables_, [&](const auto& entry) {
             return entry.first.database == all.database;
           }) > 0;
  }
  if (!in.take("TABLE")) return false;
  in.take_if_exists();
  bool known = false;
  do {
    const auto id = in.take_table(statement.default_database);
    if (!id) break;
    known = tables_.erase(key(*id)) > 0 || known;
  } while (in.take_sign(','));
  return known;
}

std::string SchemaCatalog::encode() const {
  std::string out(1, static_cast<char>(catalog_version));
  out.push_back(ignore_case_ ? 1 : 0);
  append_charset(out, server_);
  append_varint(out, databases_.size());
  for (const auto& [name, charset] : databases_) {
    append_sized(out, name);
    append_charset(out, charset);
  }
  append_varint(out, tables_.size());
  for (const auto& [key, slot] : tables_) {
    append_sized(out, key.database);
    append_sized(out, key.table);
    out.push_back(slot ? 1 : 0);
    if (!slot) continue;
    append_charset(out, slot->charset);
    append_schema(out, slot->schema);
  }
  return out;
}

Result<SchemaCatalog> SchemaCatalog::decode(std::string_view bytes) {
  ByteReader in(bytes);
  const bool version_known = in.byte() == catalog_version;
  SchemaCatalog catalog;
  catalog.ignore_case_ = in.byte() != 0;
  catalog.server_ = read_charset(in);
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    std::string name(in.sized());
    catalog.databases_[std::move(name)] = read_charset(in);
  }
  for (std::uint64_t n = in.varint(); in.ok() && n > 0; --n) {
    Key key;
    key.database = in.sized();
    key.table = in.sized();
    Slot& slot = catalog.tables_[std::move(key)];
    if (in.byte() == 0) continue;
    slot.emplace();
    slot->charset = read_charset(in);
    slot->schema = read_schema(in);
  }
  if (!version_known || !in.ok()) {
    return halt("control.malformed", "the saved definitions of tables cannot be read");
  }
  return catalog;
}

}  // namespace tailrace::capture
