// The status of a pipeline as a word, a sentence and JSON.
#include "app/admin/status_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tailrace::app {
namespace {

using engine::Phase;
using testing::HasSubstr;

engine::ComponentStatus at(std::string name, Phase phase, std::int64_t since_us,
                           std::string code = {}, std::string message = {}) {
  return {std::move(name), phase, since_us, std::move(code), std::move(message)};
}

StatusReport report_of(const std::vector<engine::ComponentStatus>& components) {
  engine::StatusBoard::View view;
  view.components = components;
  return make_report("shop", view);
}

TEST(StatusReport, TakesTheWorstWord) {
  EXPECT_EQ(report_of({}).status, "starting");
  EXPECT_EQ(report_of({at("a", Phase::streaming, 5), at("b", Phase::streaming, 9)}).status,
            "streaming");
  EXPECT_EQ(report_of({at("a", Phase::streaming, 5), at("b", Phase::catching_up, 9)}).status,
            "catching_up");
  EXPECT_EQ(report_of({at("a", Phase::snapshotting, 5), at("b", Phase::catching_up, 9)}).status,
            "snapshotting");
  EXPECT_EQ(report_of({at("a", Phase::degraded, 5), at("b", Phase::starting, 9)}).status,
            "degraded");
  EXPECT_EQ(report_of({at("a", Phase::stopped, 5), at("b", Phase::stopped, 9)}).status, "stopped");
}

TEST(StatusReport, TellsAnEndFromAFailure) {
  EXPECT_EQ(report_of({at("capture", Phase::stopped, 5), at("b", Phase::catching_up, 9)}).status,
            "catching_up");
  EXPECT_EQ(
      report_of({at("capture", Phase::stopped, 5, "log.fenced", "x"), at("b", Phase::streaming, 9)})
          .status,
      "degraded");
}

TEST(StatusReport, KnowsSinceWhen) {
  EXPECT_EQ(report_of({at("a", Phase::streaming, 5), at("b", Phase::streaming, 9)}).since_us, 9);
  EXPECT_EQ(report_of({at("a", Phase::degraded, 5), at("b", Phase::degraded, 9)}).since_us, 5);
}

TEST(StatusReport, ComesBackFromItsJson) {
  engine::StatusBoard::View view;
  view.components = {
      at("sink \"a\"", Phase::degraded, 1'763'697'600'123'456, "sqlite.disk_full", "no\nroom \xff"),
      at("capture", Phase::streaming, 1'763'697'600'000'000)};
  view.facts = {{"source.s0.gtid_set", "uuid:1-5"}};
  view.gauges = {{"tailrace_source_lag_seconds", 0.25}, {"nan", std::nan("")}};
  const auto report = parse_report(to_json(make_report("shop", view)));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->name, "shop");
  EXPECT_EQ(report->status, "degraded");
  EXPECT_EQ(report->since_us, 1'763'697'600'123'456);
  ASSERT_EQ(report->components.size(), 2u);
  EXPECT_EQ(report->components[0].code, "sqlite.disk_full");
  EXPECT_EQ(report->components[0].message, "no\nroom ?");
  EXPECT_EQ(report->components[0].suggestion, suggestion_for("sqlite.disk_full"));
  EXPECT_EQ(report->facts, view.facts);
  EXPECT_EQ(report->gauges.size(), 1u);
}

TEST(StatusReport, RefusesOtherAnswers) {
  for (const char* text : {"", "[]", "{}", "<html>", "{\"status\":1}"})
    EXPECT_FALSE(parse_report(text));
  EXPECT_FALSE(parse_report(std::string(1'000'000, '[')));
  EXPECT_TRUE(
      parse_report(R"({"status":"x","components":[1,null],"facts":[],"gauges":{"a":"b"}})"));
}

TEST(StatusReport, SaysItInOneSentence) {
  StatusReport report;
  report.name = "shop";
  report.status = "catching_up";
  report.gauges = {{"tailrace_source_lag_seconds{shard=\"s0\"}", 0.4},
                   {"tailrace_source_lag_seconds{shard=\"s1\"}", 7200}};
  EXPECT_EQ(sentence(report), "Catching up, 2.0 h behind.");
  report.gauges.erase("tailrace_source_lag_seconds{shard=\"s1\"}");
  report.since_us = 1'000'000'000'000'000;
  EXPECT_THAT(sentence(report), HasSubstr("Catching up, 0.4 s behind, since 2001-09-"));
}

TEST(StatusReport, SaysThatOnlyTheFanOutIsPausedAndHowItGoesOn) {
  const StatusReport report =
      report_of({at("fan-out order", Phase::paused, 5, "fanout.paused", "3 changed rows"),
                 at("capture", Phase::streaming, 9)});
  EXPECT_EQ(report.status, "paused");
  EXPECT_TRUE(sentence(report).starts_with("Paused (fan-out only), since ")) << sentence(report);
  EXPECT_THAT(render_text(report), HasSubstr("until it goes on: tailrace resume --fan-out\n"));
}

TEST(StatusReport, ShowsAMessageWithoutACode) {
  const std::string text =
      render_text(report_of({at("projector order", Phase::streaming, 5, "", "stands by")}));
  EXPECT_THAT(text, HasSubstr("\n    stands by\n"));
}

TEST(StatusReport, ListsProblemsWithTheirCure) {
  const StatusReport report =
      report_of({at("sink order/search", Phase::degraded, 5, "sink.away", "no\x1b[2J answer"),
                 at("capture", Phase::streaming, 9)});
  const std::string text = render_text(report);
  EXPECT_TRUE(text.starts_with("shop: Degraded, since 1970-01-01 ")) << text;
  EXPECT_THAT(text, HasSubstr("\n  sink order/search  degraded      since "));
  EXPECT_THAT(text, HasSubstr("\n    sink.away: no [2J answer\n    → see the sink's own line"));
  EXPECT_THAT(text, HasSubstr("\n  capture            streaming     since "));
}

}  // namespace
}  // namespace tailrace::app
