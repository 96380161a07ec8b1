#include "lab/tasks/task_data.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/temporary_directory.h"
#include "hub/digest.h"
#include "lab/datasets.h"
#include "lab/gzip.h"
#include "lab/statistics.h"

namespace slm::lab {
namespace {

// A task over data in a directory of its own.
struct Given {
  TemporaryDirectory directory;
  Task task;

  explicit Given(const std::string& more, const std::string& kind = "generate") {
    const std::string prompt = more.find("prompt:") == std::string::npos ? "prompt: {text: \"{{q}}\"}\n" : "";
    const std::string rest = kind == "generate" ? "grader: exact\nreference: \"{{a}}\"\n" : "";
    auto parsed = parse_task("name: t\ntitle: {en: T}\ntable: x\nkind: " + kind + "\n" + prompt + rest + more, "t.yaml");
    EXPECT_TRUE(parsed) << parsed.error().text();
    if (parsed) task = std::move(*parsed);
  }

  Result<RowData> load(const RowOptions& options = {}, const std::string& row = "") const {
    return load_row(task, *task.find_row(row), {directory.path()}, options);
  }
  std::string complaint(const RowOptions& options = {}) const {
    const auto data = load(options);
    return data ? "no error" : data.error().text(Language::kEnglish);
  }
};

const std::string& field(const TaskItem& item, const char* name) { return item.fields.at(name).text; }

TaskItem item_numbered(const RowData& data, uint32_t id) {
  for (const TaskItem& item : data.items) {
    if (item.id == id) return item;
  }
  ADD_FAILURE() << "no item " << id;
  return {};
}

TEST(TaskData, JsonLines) {
  const Given given("data: {file: d.jsonl}\n");
  given.directory.write("d.jsonl", "{\"q\": \"one\", \"a\": 1.50, \"more\": {\"deep\": [1, 2]}}\r\n\n{\"q\": \"two\", \"a\": null, \"c\": [\"x\", 3]}");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 2u);
  EXPECT_EQ(field(item_numbered(*data, 0), "a"), "1.5");
  EXPECT_EQ(field(item_numbered(*data, 0), "more"), "{\"deep\":[1,2]}");
  EXPECT_EQ(field(item_numbered(*data, 0), "line"), "{\"q\": \"one\", \"a\": 1.50, \"more\": {\"deep\": [1, 2]}}");
  EXPECT_EQ(field(item_numbered(*data, 1), "a"), "");
  EXPECT_EQ(item_numbered(*data, 1).fields.at("c").list, (std::vector<std::string>{"x", "3"}));
  EXPECT_EQ(item_numbered(*data, 1).name, "1");
}

TEST(TaskData, NumbersThatOnlyPythonWrites) {
  const Given given("data: {file: d.jsonl}\n");
  const std::string line = R"({"q": "Infinity \\", "a": NaN, "c": [-Infinity, 1], "d": "a\"NaN"})";
  given.directory.write("d.jsonl", line + "\n");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  EXPECT_EQ(field(data->items[0], "q"), "Infinity \\");
  EXPECT_EQ(field(data->items[0], "d"), "a\"NaN");
  EXPECT_EQ(field(data->items[0], "a"), "");
  EXPECT_EQ(field(data->items[0], "line"), line);
}

TEST(TaskData, NestedJson) {
  const Given given("data: {file: d.json, each: \"*.1.*\", fields: {text: \"*.0\", first: \"*.1.0.q\"}}\n");
  given.directory.write("d.json", R"([[["l1", "l2"], [{"q": "a"}, {"q": "b"}]], [["m"], [{"q": "c"}]], [[], []]])");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 3u);
  EXPECT_EQ(item_numbered(*data, 1).fields.at("text").list, (std::vector<std::string>{"l1", "l2"}));
  EXPECT_EQ(field(item_numbered(*data, 1), "q"), "b");
  EXPECT_EQ(field(item_numbered(*data, 1), "first"), "a");
  EXPECT_EQ(item_numbered(*data, 2).fields.at("text").list, (std::vector<std::string>{"m"}));
}

TEST(TaskData, CsvWithQuotesAndLineBreaks) {
  const Given given("data: {file: d.csv}\n");
  given.directory.write("d.csv", "\xEF\xBB\xBF,q,a\r\n0,\"say \"\"hi\"\", now\",\"two\nlines\"\r\n1,plain,\r\n");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 2u);
  EXPECT_EQ(field(item_numbered(*data, 0), "q"), "say \"hi\", now");
  EXPECT_EQ(field(item_numbered(*data, 0), "a"), "two\nlines");
  EXPECT_EQ(field(item_numbered(*data, 1), "a"), "");
  EXPECT_FALSE(item_numbered(*data, 1).fields.contains(""));
}

TEST(TaskData, LinesInGroupsAndRepeatedColumns) {
  const Given given("data: {file: d.txt, format: lines, columns: [q, e, e]}\n");
  given.directory.write("d.txt", "one\nx\ny\ntwo\nz\nw\n");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 2u);
  EXPECT_EQ(item_numbered(*data, 1).fields.at("e").list, (std::vector<std::string>{"z", "w"}));
}

std::string gzipped(const std::string& text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(TaskData, Gzip) {
  const Given given("data: {file: d.jsonl.gz}\n");
  const std::string two = gzipped("{\"q\": \"one\"}\n") + gzipped("{\"q\": \"two\"}\n");  // members one after another are one text
  given.directory.write("d.jsonl.gz", two);
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  EXPECT_EQ(data->items.size(), 2u);
  given.directory.write("d.jsonl.gz", two.substr(0, two.size() - 3));
  EXPECT_NE(given.complaint().find("cut short"), std::string::npos) << given.complaint();
  given.directory.write("d.jsonl.gz", "not gzip at all");
  EXPECT_NE(given.complaint().find("not gzip"), std::string::npos) << given.complaint();
  EXPECT_EQ(decompress_gzip(two, "x", 5).error().kind, ErrorKind::kDoesNotFit);
}

TEST(TaskData, SeveralFilesAreCountedThrough) {
  const Given given("data: {file: \"d/*.tsv\", columns: [q, a]}\nstrata: \"{{file}}\"\nitem_name: \"{{file}}/{{q}}\"\n");
  given.directory.write("d/b.tsv", "b0\tx\nb1\ty\n");
  given.directory.write("d/a.tsv", "a0\tz\n");
  given.directory.write("d/a.csv", "not this\n");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 3u);
  EXPECT_EQ(item_numbered(*data, 0).name, "a/a0");
  EXPECT_EQ(item_numbered(*data, 2).name, "b/b1");
  EXPECT_EQ(item_numbered(*data, 2).stratum, "b");
}

TEST(TaskData, OfSeveralFilesThePatternIsTheSourceAndDamageIsInOne) {
  const Given given("data: {file: \"d/*.jsonl\", number: n}\n");
  given.directory.write("d/a.jsonl", "{\"q\": \"one\", \"n\": 1}\n");
  given.directory.write("d/b.jsonl", "{\"q\": \"two\", \"n\": 2}\n{\"q\": \"three\", \"n\": 3}\n");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  EXPECT_EQ(data->source, given.directory.path() + "/d/*.jsonl");
  given.directory.write("d/b.jsonl", "{\"q\": \"two\", \"n\": 2}\n{\"q\": \"three\", \"n\": \"x\"}\n");
  EXPECT_NE(given.complaint().find("b.jsonl"), std::string::npos) << given.complaint();
  EXPECT_EQ(given.complaint().find("a.jsonl"), std::string::npos) << given.complaint();
}

TEST(TaskData, Joins) {
  const Given by_place("data: {file: d.jsonl, join: {file: labels.txt, format: lines, columns: [a]}}\n");
  by_place.directory.write("d.jsonl", "{\"q\": \"one\"}\n{\"q\": \"two\"}\n");
  by_place.directory.write("labels.txt", "0\n1\n");
  EXPECT_EQ(field(item_numbered(*by_place.load(), 1), "a"), "1");
  by_place.directory.write("labels.txt", "0\n");
  EXPECT_NE(by_place.complaint().find("1 labels"), std::string::npos) << by_place.complaint();
  const Given by_key("data: {file: d.json, number: id, join: {file: answers.json, key: id}}\n");
  by_key.directory.write("d.json", R"([{"id": 7, "q": "seven"}, {"id": 3, "q": "three"}])");
  by_key.directory.write("answers.json", R"({"3": {"a": "drei"}, "7": {"a": "sieben"}})");
  EXPECT_EQ(field(item_numbered(*by_key.load(), 7), "a"), "sieben");
  by_key.directory.write("answers.json", R"({"3": {"a": "drei"}})");
  EXPECT_NE(by_key.complaint().find("\"7\""), std::string::npos) << by_key.complaint();
}

TEST(TaskData, RowsNameTheirFilesAndFields) {
  const Given given(
      "data:\n  - {file: \"{{row}}.txt\", format: lines, columns: [q]}\n"
      "  - {file: all.jsonl, fields: {q: \"{{row}}\"}, rows: [de], number: id}\n"
      "rows: [{id: de, language: de, values: {name: Deutsch}}, {id: fr}]\n");
  given.directory.write("all.jsonl", "{\"id\": 5, \"de\": \"Hallo\"}\n");
  const auto german = given.load({}, "de");
  ASSERT_TRUE(german) << german.error().text();
  EXPECT_EQ(field(german->items[0], "q"), "Hallo");
  EXPECT_EQ(field(german->items[0], "name"), "Deutsch");
  EXPECT_EQ(german->items[0].id, 5u);
  const auto french = given.load({}, "fr");
  ASSERT_FALSE(french);
  EXPECT_EQ(french.error().kind, ErrorKind::kNotFound);
  given.directory.write("de.txt", "Guten Tag\n");
  EXPECT_EQ(field(given.load({}, "de")->items[0], "q"), "Guten Tag");
}

TEST(TaskData, Lookups) {
  const Given given("data: {file: d.jsonl}\nlookup: {word: {by: q, values: {one: eins}}}\n");
  given.directory.write("d.jsonl", "{\"q\": \"one\"}\n");
  EXPECT_EQ(field(given.load()->items[0], "word"), "eins");
  given.directory.write("d.jsonl", "{\"q\": \"two\"}\n");
  EXPECT_NE(given.complaint().find("two"), std::string::npos);
}

TEST(TaskData, ADigestThatDiffersIsNamed) {
  hub::Sha256 digest;
  const std::string text = "{\"q\": \"one\"}\n";
  digest.add(std::as_bytes(std::span(text)));
  const Given given("data: {file: d.jsonl, sha256: " + digest.hex() + "}\n");
  given.directory.write("d.jsonl", text);
  EXPECT_TRUE(given.load());
  given.directory.write("d.jsonl", text + " ");
  const auto data = given.load();
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(data.error().text(Language::kEnglish).find("sha256"), std::string::npos);
}

TEST(TaskData, DamageIsNamedWithItsLine) {
  const Given given("data: {file: d.jsonl, number: id}\n");
  const std::pair<const char*, const char*> damages[] = {
      {"{\"q\": 1, \"id\": 0}\n{\"q\": \n", "line 2"}, {"[1]\n", "line 1"},           {"", "no items"},
      {"{\"q\": 1}\n", "\"id\""},                     {"{\"id\": -1}\n", "\"id\""}, {"{\"id\": 1}\n{\"id\": 1}\n", "twice"},
      {"{\"id\": 1, \"q\": \"\xFF\"}\n", "UTF-8"},
  };
  for (const auto& [text, said] : damages) {
    given.directory.write("d.jsonl", text);
    EXPECT_NE(given.complaint().find(said), std::string::npos) << text << given.complaint();
    EXPECT_NE(given.complaint().find("d.jsonl"), std::string::npos);
  }
  const Given outside("data: {file: \"{{row}}/../../x.jsonl\"}\nrows: [{id: a}]\n");
  EXPECT_EQ(outside.load({}, "a").error().kind, ErrorKind::kCorrupt);
}

TEST(TaskData, ManyItemsInTheOrderOfTheSeed) {
  const Given given("data: {file: d.txt, format: lines, columns: [q]}\n");
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += std::to_string(i) + "\n";
  given.directory.write("d.txt", lines);
  const auto data = given.load({7, {}});
  std::vector<uint32_t> ids(50);
  std::iota(ids.begin(), ids.end(), 0u);
  std::sort(ids.begin(), ids.end(), [](uint32_t a, uint32_t b) { return item_rank(7, a) < item_rank(7, b); });
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(data->items[i].id, ids[i]);
  EXPECT_NE(given.load({8, {}})->items[0].id, data->items[0].id);
}

TEST(TaskData, AnyFirstPartHoldsTheStrataInProportion) {
  const Given given("data: {file: d.tsv, columns: [q, kind]}\nstrata: \"{{kind}}\"\n");
  std::string lines;
  for (int i = 0; i < 120; ++i) lines += std::to_string(i) + "\t" + (i < 60 ? "half" : i < 100 ? "third" : "sixth") + "\n";
  given.directory.write("d.tsv", lines);
  const auto data = given.load();
  std::map<std::string, int> seen;
  for (size_t n = 1; n <= data->items.size(); ++n) {
    ++seen[data->items[n - 1].stratum];
    EXPECT_NEAR(seen["half"], n / 2.0, 1.5) << n;
    EXPECT_NEAR(seen["third"], n / 3.0, 1.5) << n;
    EXPECT_NEAR(seen["sixth"], n / 6.0, 1.5) << n;
  }
}

TEST(TaskData, FirstItemsAreShotsAndNotScored) {
  const Given given("data: {file: d.tsv, columns: [q, a]}\nshots: {count: 2, shot: \"{{q}}={{a}}\", separator: \";\"}\n"
                    "prompt: {text: \"{{q}}=\", description: \"Sums. \"}\n");
  given.directory.write("d.tsv", "1+1\t2\n1+2\t3\n1+3\t4\n1+4\t5\n");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  ASSERT_EQ(data->items.size(), 2u);
  std::set<uint32_t> ids = {data->items[0].id, data->items[1].id};
  EXPECT_EQ(ids, (std::set<uint32_t>{2, 3}));
  EXPECT_EQ(*preamble_of(*data, data->items[0]), "Sums. 1+1=2;1+2=3;");
  EXPECT_EQ(given.load({1, 0})->items.size(), 4u);
  EXPECT_EQ(*preamble_of(*given.load({1, 0}), data->items[0]), "Sums. ");
  EXPECT_EQ(given.load({1, 4}).error().kind, ErrorKind::kNotFound);
}

TEST(TaskData, ShotsOfAFileByTheItem) {
  const Given given("data: {file: \"test/*.tsv\", columns: [q, a]}\n"
                    "shots: {count: 1, shot: \"{{q}} {{a}} {{word}}\", from: {file: \"dev/{{file}}.tsv\", columns: [q, a]}}\n"
                    "lookup: {word: {by: file, values: {x: ex, y: why}}}\n");
  given.directory.write("test/x.tsv", "1\t2\n");
  given.directory.write("test/y.tsv", "3\t4\n");
  given.directory.write("dev/x.tsv", "devx\t0\nmore\t0\n");
  given.directory.write("dev/y.tsv", "devy\t0\n");
  const auto data = given.load();
  ASSERT_TRUE(data) << data.error().text();
  EXPECT_EQ(*preamble_of(*data, item_numbered(*data, 0)), "devx 0 ex\n\n");
  EXPECT_EQ(*preamble_of(*data, item_numbered(*data, 1)), "devy 0 why\n\n");
  EXPECT_EQ(given.load({1, 2}).error().kind, ErrorKind::kNotFound);  // y has one only
}

TEST(TaskData, ShotsWrittenInTheFile) {
  const Given given("data: {file: d.jsonl}\nshots: {count: 1, shot: \"{{q}}.\", examples: [{q: one}, {q: two}]}\n");
  given.directory.write("d.jsonl", "{\"q\": \"three\"}\n");
  EXPECT_EQ(*preamble_of(*given.load(), given.load()->items[0]), "one.\n\n");
  EXPECT_EQ(*preamble_of(*given.load({1, 2}), given.load()->items[0]), "one.\n\ntwo.\n\n");
  EXPECT_EQ(given.load({1, 3}).error().kind, ErrorKind::kUsage);
}

TEST(TaskData, EndingsAndTheRightOne) {
  const auto right = [](const std::string& label_by, const std::string& label) -> std::optional<uint32_t> {
    const Given given("data: {file: d.jsonl}\nendings: \"{{e}}\"\nlabel: \"{{a}}\"\nlabel_by: " + label_by + "\n", "choices");
    Fields fields = {{"a", text_field(label)}, {"e", {"", {"2", "1", "zero"}, true}}};
    const auto endings = endings_of(given.task, fields);
    if (!endings) {
      EXPECT_EQ(endings.error().kind, ErrorKind::kCorrupt);
      return std::nullopt;
    }
    return endings->label;
  };
  EXPECT_EQ(right("number", "2"), 2u);
  EXPECT_EQ(right("text", "2"), 0u);
  EXPECT_EQ(right("letter", "B"), 1u);
  EXPECT_EQ(right("number", "3"), std::nullopt);
  EXPECT_EQ(right("number", ""), std::nullopt);
  EXPECT_EQ(right("letter", "D"), std::nullopt);
  EXPECT_EQ(right("text", "three"), std::nullopt);
}

TEST(TaskData, AShotOfChoicesIsTheRightEnding) {
  const Given given("data: {file: d.jsonl}\nprompt: {text: \"{{q}}\"}\nendings: [\"{{x}}\", \"{{y}}\"]\nlabel: \"{{a}}\"\nshots: {count: 0}\n", "choices");
  given.directory.write("d.jsonl", "{\"q\":\"Q\",\"x\":\"no\",\"y\":\"yes\",\"a\":1}\n{\"q\":\"R\",\"x\":\"a\",\"y\":\"b\",\"a\":0}\n");
  const auto data = given.load({1, 1});
  ASSERT_TRUE(data) << data.error().text();
  EXPECT_EQ(*preamble_of(*data, data->items[0]), "Q yes\n\n");
}

}  // namespace
}  // namespace slm::lab
