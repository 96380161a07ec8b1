// A model for tests: a token is a word with the space before it (or a newline), its logprob -(1 + id % 5) / 2 and less where a
// word repeats; calls are remembered.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lab/scorer.h"

namespace slm::lab::testing {

class WordScorer : public Scorer {
 public:
  explicit WordScorer(uint32_t context = 64, bool adds_bos = false) : context_(context), adds_bos_(adds_bos) {}

  std::vector<TokenId> encode(std::string_view text) const override {
    std::vector<TokenId> ids;
    if (adds_bos_) ids.push_back(kBos);
    std::string word;
    const auto end_word = [&] {
      if (!word.empty()) ids.push_back(id_of(word));
      word.clear();
    };
    for (char c : text) {
      if (c == ' ' || c == '\n') end_word();
      word += c;
      if (c == '\n') end_word();
    }
    end_word();
    return ids;
  }

  Result<std::vector<float>> score(std::span<const TokenId> ids, uint32_t first) override {
    calls.push_back({{ids.begin(), ids.end()}, first});
    std::vector<float> logprobs;
    for (size_t i = first; i < ids.size(); ++i) logprobs.push_back(logprob_of_id(ids[i]));
    return logprobs;
  }

  std::optional<TokenId> added_bos() const override { return adds_bos_ ? std::optional(kBos) : std::nullopt; }
  size_t byte_length(TokenId id) const override { return id == kBos ? 0 : words_.at(static_cast<size_t>(id)).size(); }
  uint32_t context() const override { return context_; }

  static float logprob_of_id(TokenId id) { return -static_cast<float>(1 + id % 5) / 2; }
  // Makes a word likelier or less likely than its number says: ids are given in order of first sight.
  TokenId id_of(const std::string& word) const {
    const auto [found, is_new] = ids_.emplace(word, static_cast<TokenId>(words_.size()));
    if (is_new) words_.push_back(word);
    return found->second;
  }

  static constexpr TokenId kBos = 1'000'000;
  struct Call {
    std::vector<TokenId> ids;
    uint32_t first;
  };
  std::vector<Call> calls;

 private:
  uint32_t context_;
  bool adds_bos_;
  mutable std::map<std::string, TokenId> ids_;
  mutable std::vector<std::string> words_;
};

}  // namespace slm::lab::testing
