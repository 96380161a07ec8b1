#include "lab/report/page_texts.h"

#include <string_view>

#include "base/json.h"
#include "base/message.h"

namespace slm::lab {
namespace {

constexpr std::string_view kKeys[] = {
    "lab.kind.base",
    "lab.kind.instruct",
    "lab.table.ability",
    "lab.table.deployment",
    "lab.table.device",
    "lab.table.heading",
    "lab.table.language",
    "lab.table.prompts",
    "lab.table.speed",
    "lab.report.area.ability",
    "lab.report.area.code",
    "lab.report.area.instructions",
    "lab.report.area.knowledge",
    "lab.report.area.maths",
    "lab.report.area.reading",
    "lab.report.area.safety",
    "lab.report.page.against",
    "lab.report.page.answer",
    "lab.report.page.article",
    "lab.report.page.at_chance",
    "lab.report.page.both",
    "lab.report.page.chart",
    "lab.report.page.chart_bare",
    "lab.report.page.claim.confirmed",
    "lab.report.page.claim.contradicted",
    "lab.report.page.claim.not_significant",
    "lab.report.page.claim.not_testable",
    "lab.report.page.claim.opinion",
    "lab.report.page.claim.plausible",
    "lab.report.page.claim.untested",
    "lab.report.page.claims",
    "lab.report.page.contents",
    "lab.report.page.evidence",
    "lab.report.page.fact.a",
    "lab.report.page.fact.b",
    "lab.report.page.fact.device",
    "lab.report.page.fact.seconds",
    "lab.report.page.fact.seed",
    "lab.report.page.fact.sources",
    "lab.report.page.fact.tier",
    "lab.report.page.fact.time",
    "lab.report.page.found",
    "lab.report.page.grade",
    "lab.report.page.grade.all",
    "lab.report.page.grade.only_a",
    "lab.report.page.grade.only_b",
    "lab.report.page.grade.right",
    "lab.report.page.grade.wrong",
    "lab.report.page.item",
    "lab.report.page.legend",
    "lab.report.page.measured",
    "lab.report.page.mixed_kinds",
    "lab.report.page.more",
    "lab.report.page.more_items",
    "lab.report.page.more_runs",
    "lab.report.page.records",
    "lab.report.page.right",
    "lab.report.page.row",
    "lab.report.page.search",
    "lab.report.page.settings",
    "lab.report.page.show",
    "lab.report.page.size",
    "lab.report.page.skip",
    "lab.report.page.slow_end",
    "lab.report.page.values",
    "lab.report.page.verdict",
    "lab.report.page.verdict.better",
    "lab.report.page.verdict.likely_better",
    "lab.report.page.verdict.likely_worse",
    "lab.report.page.verdict.no_difference",
    "lab.report.page.verdict.not_measured",
    "lab.report.page.verdict.too_few",
    "lab.report.page.verdict.too_few_runs",
    "lab.report.page.verdict.worse",
    "lab.report.page.wrong",
    "runtime.quantization_mixed",
};

Json texts_in(Language language) {
  Json texts = Json::object();
  for (const std::string_view key : kKeys) texts[std::string(key)] = render(Message{key, {"{0}", "{1}", "{2}", "{3}"}}, language);
  return texts;
}

}  // namespace

Json page_texts() { return {{"en", texts_in(Language::kEnglish)}, {"zh", texts_in(Language::kChinese)}}; }

}  // namespace slm::lab
