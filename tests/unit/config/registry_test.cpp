// The registry, the schema, the reference page and the design's example say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>

#include <filesystem>
#include <random>
#include <set>

#include "config/codes.hpp"
#include "config/decoder.hpp"
#include "config/json_schema.hpp"
#include "config/reference.hpp"
#include "tests/unit/config/loading.hpp"

namespace tailrace::config {
namespace {

namespace fs = std::filesystem;

TEST(Registry, EveryKeyHasADocAndEveryRequiredOneAnExampleOrAHint) {
  for (const Object* object : all_objects()) {
    std::set<std::string> keys;
    for (const Field& field : object->fields) {
      EXPECT_TRUE(keys.insert(field.key).second) << field.key;
      EXPECT_TRUE(field.doc.ends_with('.') || field.doc.ends_with("…"))
          << object->name << "." << field.key;
      if (field.required) {
        EXPECT_FALSE(field.example.empty() && field.missing_hint.empty() && field.key != "name")
            << field.key;
      }
      EXPECT_EQ(field.decode == nullptr, field.shape.kind == Shape::Kind::later) << field.key;
    }
  }
}

TEST(Registry, ThePageIsWrittenFromIt) {
  EXPECT_EQ(reference_page(), read_text("docs/reference/pipeline.md"))
      << "run: tailrace schema --reference > docs/reference/pipeline.md";
}

TEST(Registry, EveryCodeIsExplainedAndUsed) {
  std::string source;
  for (const auto& entry : fs::directory_iterator(std::string(TAILRACE_SOURCE_DIR) + "/config")) {
    if (entry.path().extension() != ".cpp" || entry.path().filename() == "codes.cpp") continue;
    source += read_text("config/" + entry.path().filename().string());
  }
  std::set<std::string> used;
  for (std::size_t at = source.find("0"); at != std::string::npos; at = source.find("0", at + 1)) {
    const bool code = at >= 2 && source[at - 2] == '"' &&
                      (source[at - 1] == 'E' || source[at - 1] == 'W') && at + 4 < source.size() &&
                      source[at + 4] == '"';
    if (code) used.insert(source.substr(at - 1, 5));
  }
  EXPECT_GT(used.size(), 30u);
  for (const std::string& code : used) EXPECT_NE(find_code(code), nullptr) << code;
  const std::set<std::string> by_later_stages = {"E0207", "E0303", "W0303"};
  for (const CodeInfo& info : codes()) {
    const std::string code(info.code);
    EXPECT_TRUE(used.contains(code) || by_later_stages.contains(code)) << code;
  }
}

// Every key of the design's example decodes, or is said to be not supported yet; nothing is
// ignored.
void expect_only_not_supported(const std::string& file) {
  LoadRequest request = request_of(read_text(file), {{"MYSQL_PASSWORD", "x"}, {"MONGO_URI", "x"}});
  request.require_environment = false;
  const LoadResult loaded = load_pipeline(request);
  EXPECT_FALSE(loaded.spec.has_value());
  for (const Problem& problem : loaded.problems) {
    // What the second example leaves out.
    const bool sketch = problem.message == "'order' needs 'id'" ||
                        problem.message == "'mysql' needs 'user'" ||
                        problem.message == "document 'order' has no child 'payments'" ||
                        problem.message.starts_with("which source holds table ");
    EXPECT_TRUE(problem.code == "E0209" || problem.severity == Severity::warning || sketch)
        << render(problem, false);
  }
}

TEST(Language, EveryKeyIsDecodedOrRefused) {
  expect_only_not_supported("tests/unit/config/data/language.yaml");
  expect_only_not_supported("tests/unit/config/data/language_more.yaml");
}

TEST(Language, OtherValuesThatAreNotSupportedYet) {
  const LoadResult loaded = load_text(
      kHead + "events: { envelope: debezium, topic: a, key: a, rules: [{ table: a, emit: B }] }\n");
  ASSERT_EQ(loaded.problems.size(), 1u) << all_text(loaded);
  EXPECT_EQ(loaded.problems[0].code, "E0209");
}

std::vector<std::string> examples() {
  std::vector<std::string> out;
  for (const auto& entry :
       fs::directory_iterator(std::string(TAILRACE_SOURCE_DIR) + "/config/examples/shop")) {
    if (entry.path().extension() == ".yaml")
      out.push_back("config/examples/shop/" + entry.path().filename().string());
  }
  return out;
}

TEST(Examples, AreValid) {
  for (const std::string& file : examples()) {
    const LoadResult loaded = load_pipeline(request_of(read_text(file)));
    EXPECT_TRUE(loaded.spec.has_value() && loaded.problems.empty()) << file << "\n"
                                                                    << all_text(loaded);
  }
}

// As an editor reads it: unquoted numbers and booleans have a type.
void build_json(const Node& node, rapidjson::Value& out,
                rapidjson::Document::AllocatorType& memory) {
  if (node.kind == Node::Kind::scalar) {
    const bool digits =
        !node.text.empty() && node.text.find_first_not_of("0123456789") == std::string::npos;
    if (node.plain && digits) {
      out.SetInt64(std::stoll(node.text));
    } else if (node.plain && (node.text == "true" || node.text == "false")) {
      out.SetBool(node.text == "true");
    } else {
      out.SetString(node.text.c_str(), memory);
    }
  } else if (node.kind == Node::Kind::list) {
    out.SetArray();
    for (const auto& child : node.children) {
      rapidjson::Value value;
      build_json(*child, value, memory);
      out.PushBack(value, memory);
    }
  } else if (node.kind == Node::Kind::map) {
    out.SetObject();
    for (const auto& child : node.children) {
      rapidjson::Value value;
      build_json(*child, value, memory);
      out.AddMember(rapidjson::Value(child->key.c_str(), memory), value, memory);
    }
  }
}

bool schema_accepts(const std::string& text) {
  rapidjson::Document schema;
  schema.Parse(json_schema().c_str());
  EXPECT_FALSE(schema.HasParseError());
  const LoadResult loaded = load_text(text);
  rapidjson::Document document;
  build_json(loaded.tree->root(), document, document.GetAllocator());
  const rapidjson::SchemaDocument compiled(schema);
  rapidjson::SchemaValidator validator(compiled);
  return document.Accept(validator);
}

TEST(Schema, AcceptsTheExamples) {
  for (const std::string& file : examples()) EXPECT_TRUE(schema_accepts(read_text(file))) << file;
  EXPECT_TRUE(schema_accepts(kHead));
}

TEST(Schema, RefusesWhatTheLoaderRefuses) {
  for (const std::string text :
       {"nope: 1\n", "mask_key: x\n", "errors: { poison: stop }\n",
        "errors: { retry: { from: 200 } }\n", "documents: { d: { root: a } }\n",
        "stream: { kafka: { brokers: b, partitions: 0 } }\n",
        "documents: { d: { root: a, id: \"{id}\", lookups: { l: { table: t, on: o } } } }\n",
        "events: { rules: [{ table: a, transitions: [{ from: [], to: A, emit: B }] }] }\n"}) {
    EXPECT_FALSE(load_text(kHead + text).spec.has_value()) << text;
    EXPECT_FALSE(schema_accepts(kHead + text)) << text;
  }
}

// A damaged file gives problems, never a crash; every problem lies inside its file.
TEST(Mutations, NeverCrash) {
  std::vector<std::string> seeds = {read_text("tests/unit/config/data/language.yaml"),
                                    read_text("tests/unit/config/data/language_more.yaml")};
  for (const std::string& file : examples()) seeds.push_back(read_text(file));
  const std::string pieces[] = {":",          "- ",    "{",   "}",    "[",
                                "]",          "\"",    "'",   "\n",   "  ",
                                "&a ",        "*a",    "!t ", "null", "~",
                                "|",          ">",     "${",  "}",    "\t",
                                "\xFF",       "#",     "? ",  "<<: ", "999999999999999999999",
                                "{ env: X }", "---\n", "주문"};
  std::mt19937 random(20261121);
  const auto below = [&random](std::size_t limit) { return random() % limit; };
  for (int round = 0; round < 1500; ++round) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t edits = 1 + below(6); edits > 0; --edits) {
      const std::size_t at = below(text.size());
      switch (below(3)) {
        case 0:
          text.erase(at, 1 + below(40));
          break;
        case 1:
          text.insert(at, pieces[below(std::size(pieces))]);
          break;
        case 2:
          text.insert(at, text.substr(below(text.size()), below(200)));
          break;
      }
      if (text.empty()) text = "x";
    }
    const LoadResult loaded = load_text(text);
    EXPECT_EQ(loaded.spec.has_value(), !has_errors(loaded.problems));
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const Problem& problem : loaded.problems) {
      EXPECT_LE(problem.line, lines) << text;
      EXPECT_FALSE(render(problem, true).empty());
    }
  }
}

}  // namespace
}  // namespace tailrace::config
