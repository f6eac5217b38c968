// The Prometheus exposition of a status board.
#include "app/admin/metrics_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <sstream>

namespace tailrace::app {
namespace {

using engine::Phase;
using testing::HasSubstr;
using testing::Not;

TEST(MetricsText, LabelsEverySeriesWithThePipeline) {
  engine::StatusBoard board;
  board.count("tailrace_events_total{type=\"OrderPaid\"}", 3);
  board.count("tailrace_events_total{type=\"OrderPlaced\"}", 5);
  board.gauge("tailrace_source_connected", 1);
  const std::string text = metrics_text("sh\"op", board.view());
  EXPECT_THAT(text,
              HasSubstr("# TYPE tailrace_events_total counter\n"
                        "tailrace_events_total{pipeline=\"sh\\\"op\",type=\"OrderPaid\"} 3\n"
                        "tailrace_events_total{pipeline=\"sh\\\"op\",type=\"OrderPlaced\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE tailrace_source_connected gauge\n"
                              "tailrace_source_connected{pipeline=\"sh\\\"op\"} 1\n"));
}

TEST(MetricsText, WritesHistogramsCumulatively) {
  engine::StatusBoard board;
  for (const double seconds : {0.0005, 0.002, 0.002, 100.0}) {
    board.observe("tailrace_bulk_seconds{sink=\"a\"}", seconds);
  }
  const std::string text = metrics_text("shop", board.view());
  const std::string labels = "{pipeline=\"shop\",sink=\"a\"";
  EXPECT_THAT(text, HasSubstr("# TYPE tailrace_bulk_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("tailrace_bulk_seconds_bucket" + labels + ",le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tailrace_bulk_seconds_bucket" + labels + ",le=\"0.0025\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("tailrace_bulk_seconds_bucket" + labels + ",le=\"60\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("tailrace_bulk_seconds_bucket" + labels + ",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("tailrace_bulk_seconds_sum" + labels + "} 100.0045\n"));
  EXPECT_THAT(text, HasSubstr("tailrace_bulk_seconds_count" + labels + "} 4\n"));
}

TEST(MetricsText, ShowsHealthAsOneOfTheStatusWords) {
  engine::StatusBoard board;
  board.set("sink \"a\"", Phase::degraded, "x", "y");
  const std::string text = metrics_text("shop", board.view());
  EXPECT_THAT(text, HasSubstr("component=\"sink \\\"a\\\"\",status=\"degraded\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("component=\"sink \\\"a\\\"\",status=\"streaming\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tailrace_build_info{pipeline=\"shop\",version=\""));
}

TEST(MetricsText, LeavesOutWhatTheFormatDoesNotAllow) {
  engine::StatusBoard board;
  board.count("tailrace_a_total{type=\"un\"quoted\"}");
  board.count("tailrace b");
  board.count("tailrace_c_total{type=\"open}");
  board.gauge("tailrace_d{x=\"1\ny\"}", 1);
  const std::string text = metrics_text("shop", board.view());
  EXPECT_THAT(text, HasSubstr("tailrace_metrics_skipped{pipeline=\"shop\"} 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("tailrace_a_total")));
}

TEST(MetricsText, LimitsTheSeriesOfAFamily) {
  engine::StatusBoard board;
  for (int i = 0; i < 2100; ++i) {
    board.count("tailrace_events_total{type=\"t" + std::to_string(i) + "\"}");
  }
  EXPECT_THAT(metrics_text("shop", board.view()),
              HasSubstr("tailrace_metrics_skipped{pipeline=\"shop\"} 100\n"));
}

TEST(MetricsText, HoldsOnlyLinesOfTheFormat) {
  engine::StatusBoard board;
  board.set("capture", Phase::streaming);
  board.gauge("tailrace_x{a=\"b\\\\\"}", std::numeric_limits<double>::quiet_NaN());
  board.gauge("tailrace_y_total", 1e300);
  board.observe("tailrace_z_seconds", 0.1);
  std::istringstream lines(metrics_text("shop", board.view()));
  const std::regex format(
      R"re(# (HELP|TYPE) [a-z_]+ .+|)re"
      R"re([a-z_]+\{([a-z]+="([^"\\]|\\.)*",?)+\} (NaN|[-+]?Inf|[-+0-9.e]+))re");
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(std::regex_match(line, format)) << line;
  }
}

}  // namespace
}  // namespace tailrace::app
