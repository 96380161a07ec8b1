#include "cli/instruct.h"

#include <gtest/gtest.h>

namespace slm::cli {
namespace {

TEST(Instruct, WordsOfANameTell) {
  EXPECT_EQ(instruct_by_words("gemma-3-270m-it-Q4_K_M.gguf"), true);
  EXPECT_EQ(instruct_by_words("Qwen2.5-0.5B-Instruct"), true);
  EXPECT_EQ(instruct_by_words("Llama-2-7b-Chat"), true);
  EXPECT_EQ(instruct_by_words("gemma3:270m-base"), false);
  EXPECT_EQ(instruct_by_words("gemma-3-1b-pt"), false);
  EXPECT_EQ(instruct_by_words("base-model-it"), true);
  // Parts of words are not words.
  EXPECT_EQ(instruct_by_words("kittens-chatter-database-item"), std::nullopt);
  EXPECT_EQ(instruct_by_words(""), std::nullopt);
}

TEST(Instruct, EachSignComesBeforeTheNext) {
  hub::CatalogueEntry entry;
  entry.instruct = false;
  hub::StoredModel stored;
  stored.name = "x";
  ModelFacts facts;
  facts.path = "/models/x-it.gguf";
  facts.chat_template = "{{ messages }}";

  const auto decide = [&](const hub::CatalogueEntry* known, bool flag) {
    const InstructDecision decision = decide_instruct(known, stored, flag, facts);
    return std::pair{decision.instruct, decision.reason};
  };
  EXPECT_EQ(decide(&entry, true), std::pair(false, InstructReason::kCatalogue));
  stored.instruct_known = true;
  EXPECT_EQ(decide(nullptr, true), std::pair(false, InstructReason::kCatalogue));
  stored.instruct_known = false;
  EXPECT_EQ(decide(nullptr, true), std::pair(true, InstructReason::kTemplateFlag));
  EXPECT_EQ(decide(nullptr, false), std::pair(true, InstructReason::kFileTemplate));
  facts.chat_template.clear();
  EXPECT_EQ(decide(nullptr, false), std::pair(true, InstructReason::kName));
  facts.path = "/models-it/x-base.gguf";  // folders do not count
  EXPECT_EQ(decide(nullptr, false), std::pair(false, InstructReason::kName));
  facts.path = "/models/x.gguf";
  EXPECT_EQ(decide(nullptr, false), std::pair(true, InstructReason::kDefault));
}

}  // namespace
}  // namespace slm::cli
