#include "lab/audit/published.h"

#include <algorithm>

#include "lab/audit/built_in.h"
#include "lab/audit/by_id.h"

namespace slm::lab::audit {
namespace {

// The items of a list that may be absent.
Result<const std::vector<YamlNode>*> items_of(const YamlNode& root, std::string_view key) {
  static const std::vector<YamlNode> none;
  if (root.find(key) == nullptr) return &none;
  SLM_TRY(list, root.need_sequence(key));
  return &list->items;
}

Result<Benchmark> read_benchmark(const YamlNode& node) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"id", "name", "items"}));
  SLM_TRY(id, node.need_string("id"));
  SLM_TRY(name, node.need_string("name"));
  SLM_TRY(items, node.need_integer("items", 1, 10'000'000));
  return Benchmark{id, name, static_cast<uint64_t>(items)};
}

Result<PublishedScore> read_score(const YamlNode& node, const Published& published) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"model", "benchmark", "value", "kind", "setting", "source"}));
  SLM_TRY(model, node.need_string("model"));
  SLM_TRY(benchmark, named(node, "benchmark", published.benchmarks, "lab.audit.no_benchmark"));
  SLM_TRY(value, node.need_number("value"));
  if (value < 0 || value > 100) return node.find("value")->wrong("lab.audit.impossible", node.find("value")->text);
  SLM_TRY(kind, node.need_string("kind"));
  if (kind != "instruct" && kind != "base") return node.find("kind")->wrong("lab.audit.no_class", kind, "instruct, base");
  SLM_TRY(setting, node.need_string("setting"));
  SLM_TRY(source, node.need_string("source"));
  return PublishedScore{model, benchmark->id, value, kind == "instruct", setting, source};
}

Result<Fact> read_fact(const YamlNode& node) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"id", "says", "is", "whole", "source"}));
  Fact fact;
  SLM_TRY(id, node.need_string("id"));
  SLM_TRY(says_node, node.need("says"));
  SLM_TRY(says, read_bilingual(*says_node));
  SLM_TRY(value, node.need("is"));
  if (value->kind == YamlNode::Kind::kSequence) {
    SLM_TRY(words, value->as_strings());
    fact.value = std::move(words);
  } else {
    SLM_TRY(number, value->as_number());
    fact.value = number;
  }
  SLM_TRY(whole, node.bool_or("whole", false));
  SLM_TRY(source, node.need_string("source"));
  fact.id = id;
  fact.says = says;
  fact.is_whole = whole;
  fact.source = source;
  return fact;
}

}  // namespace

std::vector<const PublishedScore*> Published::scores_of(const std::vector<std::string>& models, std::string_view benchmark) const {
  std::vector<const PublishedScore*> found;
  for (const PublishedScore& score : scores) {
    const bool is_of = std::find(models.begin(), models.end(), score.model) != models.end();
    if (is_of && score.benchmark == benchmark) found.push_back(&score);
  }
  return found;
}

Result<Published> read_published(const YamlNode& root, Published base) {
  SLM_TRY_STATUS(root.refuse_unknown_keys({"benchmarks", "scores", "facts"}));
  Published published = std::move(base);
  SLM_TRY(benchmarks, items_of(root, "benchmarks"));
  for (const YamlNode& node : *benchmarks) {
    SLM_TRY(benchmark, read_benchmark(node));
    SLM_TRY_STATUS(refuse_twice(published.benchmarks, benchmark.id, node));
    published.benchmarks.push_back(std::move(benchmark));
  }
  SLM_TRY(scores, items_of(root, "scores"));
  for (const YamlNode& node : *scores) {
    SLM_TRY(score, read_score(node, published));
    published.scores.push_back(std::move(score));
  }
  SLM_TRY(facts, items_of(root, "facts"));
  for (const YamlNode& node : *facts) {
    SLM_TRY(fact, read_fact(node));
    SLM_TRY_STATUS(refuse_twice(published.facts, fact.id, node));
    published.facts.push_back(std::move(fact));
  }
  return published;
}

const Published& built_in_published() {
  static const Published published = built_in<Published>(published_yaml(), "data/scores/published.yaml",
                                                          [](const YamlNode& root) { return read_published(root); });
  return published;
}

}  // namespace slm::lab::audit
