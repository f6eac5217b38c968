#include "config/codes.hpp"

namespace tailrace::config {
namespace {

constexpr CodeInfo kCodes[] = {
    {"E0100", "the file cannot be read", "It is not there, not readable, or a folder."},
    {"E0101", "the file is empty", "A pipeline starts with 'tailrace: 1'."},
    {"E0102", "the file is too large", "A pipeline file has at most 1 MiB."},
    {"E0103", "not UTF-8", "The file must be saved as UTF-8; a byte order mark is allowed."},
    {"E0104", "a control character", "Only line ends and tabs inside values are allowed."},
    {"E0105", "not readable as YAML", "Quotes, brackets or indentation do not fit."},
    {"E0106", "a key is written twice",
     "YAML readers keep one of the two at random; Tailrace keeps none."},
    {"E0107", "a merge key",
     "<< is not part of the language: write the keys out, or name the whole value with an alias."},
    {"E0108", "a second document", "A file holds one pipeline; '---' may stand at its top only."},
    {"E0109", "too many values",
     "At most 50,000 values, where each alias counts as what it expands to."},
    {"E0110", "nested too deeply", "At most 64 levels."},
    {"E0111", "a tag",
     "Tags (!!str, !custom) have no meaning: every value is plain text until its key gives it a "
     "type."},
    {"E0112", "an alias inside itself", "The alias would have no end."},
    {"E0113", "a key that is not text", "Keys are plain text; quote those that hold brackets."},
    {"E0114", "a tab indents", "YAML indents with spaces."},
    {"E0201", "an unknown key", "The nearest key that is still free is suggested."},
    {"E0202", "something is missing", "A key that the pipeline cannot do without."},
    {"E0203", "the wrong kind of value",
     "Text where a list belongs, a mapping where text belongs, and so on."},
    {"E0204", "out of bounds", "The bounds are in the reference."},
    {"E0205", "not one of the choices", "true and false are written so; yes, on and 1 are text."},
    {"E0206", "a unit is missing or unknown",
     "Sizes, durations and rates carry their unit: 8MiB, 200ms, 5000/s."},
    {"E0207", "the server has no such table or column",
     "Found when the file is compared with the database."},
    {"E0208", "a column is excluded",
     "tables.T.exclude leaves the column out, so nothing else can use it."},
    {"E0209", "not supported yet", "The language names it, this version cannot do it."},
    {"E0210", "not a name",
     "Names become topics, tables, labels and folders, so their characters are limited."},
    {"E0211", "keys that exclude each other", "One of them has no meaning beside the other."},
    {"E0212", "a reference to nothing", "The name is not declared in this file."},
    {"E0213", "written twice", "Two things with one name, or two sinks with one target."},
    {"E0214", "a template that cannot be filled",
     "{column} is filled per row; braces come in pairs."},
    {"E0215", "a lookup without when_changed",
     "When the other row changes, documents that show it can follow (refresh) or stay (keep): only "
     "you know which is right."},
    {"E0216", "not a state",
     "from and to take a state, a list of states, none, any, or { value: none }."},
    {"E0217", "half a rule", "A rule has column and transitions, or emit alone."},
    {"E0218", "start without a snapshot",
     "Documents need the rows that were there before; only events can start later."},
    {"E0219", "not an address", "host:port, host:port/database, or a URL."},
    {"E0220", "a setting of Tailrace's own", "The guarantees depend on it."},
    {"E0221", "ids that can meet",
     "The same key on two shards would be one document: put {shard} into the id, or declare "
     "unique_across_shards: true."},
    {"E0222", "a row that does not tell its shard",
     "A row of another source holds the other side's key, but not which of its shards it means."},
    {"E0223", "not a computed field",
     "count(child), sum(child.column * …), min(child.column) or max(child.column); + - * ( ) "
     "inside sum."},
    {"E0224", "a cascade that cannot be followed",
     "Rows of a child can go with their root. What else a hidden cascade changes is in no log."},
    {"E0301", "a variable is not set",
     "The environment has no such variable; validate only warns (W0301)."},
    {"E0302", "not a reference to a variable",
     "${NAME}, ${NAME:-default}, ${NAME:?why}; $$ is a dollar."},
    {"E0303", "a secret's file cannot be read", "validate only warns (W0303)."},
    {"E0304", "an override that cannot be applied",
     "--set takes key=value with the path of a key."},
    {"W0301", "a variable is not set", "An error for run, and for validate --strict."},
    {"W0303", "a secret's file cannot be read", "An error for run, and for validate --strict."},
    {"W0401", "a secret in plain text",
     "Files are copied and committed: write { env: NAME } or { file: path }."},
    {"W0403", "a transition that never fires",
     "An earlier one matches first, or the state does not change."},
    {"W0404", "perhaps not encrypted", "tls.mode preferred falls back to plain text."},
    {"W0405", "a document that goes nowhere", "No sink takes it."},
};

}  // namespace

std::span<const CodeInfo> codes() { return kCodes; }

const CodeInfo* find_code(std::string_view code) {
  for (const CodeInfo& info : kCodes) {
    if (info.code == code) return &info;
  }
  return nullptr;
}

}  // namespace tailrace::config
