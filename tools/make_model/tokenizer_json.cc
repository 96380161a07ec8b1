#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/process.h"
#include "make_model/vocabulary.h"

namespace slm {
namespace {

// Sorted keys: a vocabulary is an object of hundreds of thousands, and its order means nothing.
using Tree = nlohmann::json;

Result<std::string> read_plain_or_xz(const std::string& path) {
  if (std::filesystem::exists(path)) return read_text_file(path);
  const std::string packed = path + ".xz";
  if (!std::filesystem::exists(packed)) return fail(ErrorKind::kNotFound, "tools.no_tokenizer_file", path);
  ChildOptions child;
  child.argv = {"xz", "-dc", packed};
  SLM_TRY(result, run_child(child));
  if (result.exit_code != 0) return fail(ErrorKind::kCorrupt, "tools.xz_failed", packed, result.error_output);
  return std::move(result.output);
}

Result<Tree> read_tree(const std::string& path) {
  SLM_TRY(text, read_plain_or_xz(path));
  Tree tree = Tree::parse(text, nullptr, false);
  if (tree.is_discarded() || !tree.is_object()) return fail(ErrorKind::kCorrupt, "tools.tokenizer_json", path, "/");
  return tree;
}

// llama.cpp's converter takes these for control tokens even where tokenizer.json does not call them special.
bool looks_special(std::string_view piece) {
  return piece == "<pad>" || piece == "<mask>" || piece == "<2mass>" || piece == "[@BOS@]" ||
         (piece.starts_with("<|") && piece.ends_with("|>")) || (piece.starts_with("<unused") && piece.ends_with(">"));
}

bool is_byte_piece(std::string_view piece) {
  return piece.size() == 6 && piece.starts_with("<0x") && piece.back() == '>' &&
         piece.substr(3, 2).find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

class Conversion {
 public:
  Conversion(const Tree& tokenizer, const Tree& config, std::string path)
      : tokenizer_(tokenizer), config_(config), path_(std::move(path)) {}

  Result<Vocabulary> run() {
    const auto model = tokenizer_.find("model");
    if (model == tokenizer_.end() || model->value("type", "") != "BPE") {
      return fail(ErrorKind::kFailed, "tools.not_bpe", path_);
    }
    sentencepiece_ = model->value("byte_fallback", false);
    out_.model = sentencepiece_ ? "llama" : "gpt2";
    SLM_TRY(pre, pre_tokenizer());
    out_.pre = pre;
    SLM_TRY_STATUS(pieces(*model));
    SLM_TRY_STATUS(added());
    SLM_TRY_STATUS(merges(*model));
    return special();
  }

 private:
  tl::unexpected<Error> wrong(std::string_view place) const {
    return fail(ErrorKind::kCorrupt, "tools.tokenizer_json", path_, place);
  }

  // Told by the pattern that splits numbers.
  Result<std::string> pre_tokenizer() const {
    if (sentencepiece_) return std::string("default");
    const std::string text = tokenizer_.value("pre_tokenizer", Tree()).dump();
    if (text.find("\\\\p{N}{1,3}") != std::string::npos) return std::string("llama-bpe");
    if (text.find("|\\\\p{N}|") != std::string::npos) return std::string("qwen2");
    return fail(ErrorKind::kFailed, "tools.unknown_pre_tokenizer", path_);
  }

  Status pieces(const Tree& model) {
    const auto vocab = model.find("vocab");
    if (vocab == model.end() || !vocab->is_object()) return wrong("/model/vocab");
    out_.pieces.resize(vocab->size());
    out_.types.assign(vocab->size(), PieceType::kUnused);
    for (const auto& [piece, id] : vocab->items()) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() >= vocab->size()) return wrong("/model/vocab/" + piece);
      const auto index = id.get<size_t>();
      if (!out_.pieces[index].empty()) return wrong("/model/vocab/" + piece);
      out_.pieces[index] = piece;
      out_.types[index] = type_of(piece);
    }
    return {};
  }

  PieceType type_of(std::string_view piece) const {
    if (!sentencepiece_) return PieceType::kNormal;
    if (is_byte_piece(piece)) return PieceType::kByte;
    if (piece == "<start_of_turn>" || piece == "<end_of_turn>") return PieceType::kControl;  // whatever tokenizer.json says
    // Gemma 1's tokenizer.json marks no literal pieces (runs of newlines and spaces, HTML tags): it merges them like others,
    // and ids are to agree with it.
    return PieceType::kNormal;
  }

  Status added() {
    const auto list = tokenizer_.find("added_tokens");
    if (list == tokenizer_.end()) return {};
    if (!list->is_array()) return wrong("/added_tokens");
    for (size_t i = 0; i < list->size(); ++i) {
      const Tree& token = (*list)[i];
      const std::string place = fmt::format("/added_tokens/{}", i);
      if (!token.is_object() || !token.contains("id") || !token["id"].is_number_unsigned() || !token.contains("content") ||
          !token["content"].is_string()) {
        return wrong(place);
      }
      const auto id = token["id"].get<size_t>();
      std::string piece = token["content"].get<std::string>();
      if (id > out_.pieces.size()) return wrong(place);
      // A processor's token beyond the embedding (Gemma 3's image token) belongs to no text model.
      if (sentencepiece_ && id == out_.pieces.size()) continue;
      if (id == out_.pieces.size()) out_.add(piece, PieceType::kNormal);
      const bool control = token.value("special", false) || looks_special(piece) || out_.types[id] == PieceType::kControl;
      out_.types[id] = control ? PieceType::kControl : PieceType::kUserDefined;
      out_.pieces[id] = control ? piece : replace_all(piece, "\xe2\x96\x81", " ");
    }
    return {};
  }

  Status merges(const Tree& model) {
    const auto list = model.find("merges");
    if (list == model.end() || !list->is_array()) return wrong("/model/merges");
    std::unordered_map<std::string, size_t> first_rank;  // of the merge that makes a piece
    for (size_t i = 0; i < list->size(); ++i) {
      std::string left, right;
      if (!split_merge((*list)[i], left, right)) return wrong(fmt::format("/model/merges/{}", i));
      if (sentencepiece_) first_rank.emplace(left + right, i);
      else out_.merges.push_back(left + " " + right);
    }
    if (sentencepiece_) scores(first_rank);
    return {};
  }

  // "left right", or ["left", "right"] in newer files, whose halves may hold spaces.
  static bool split_merge(const Tree& merge, std::string& left, std::string& right) {
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      if (space == std::string::npos) return false;
      left = text.substr(0, space);
      right = text.substr(space + 1);
      return true;
    }
    if (!merge.is_array() || merge.size() != 2 || !merge[0].is_string() || !merge[1].is_string()) return false;
    left = merge[0].get<std::string>();
    right = merge[1].get<std::string>();
    return true;
  }

  // SentencePiece merges by score where tokenizer.json merges by rank: minus the rank of the first merge that makes a piece
  // gives the same ids. What no merge makes is never looked up, and comes after all that is made.
  void scores(const std::unordered_map<std::string, size_t>& first_rank) {
    const auto last = static_cast<float>(first_rank.size());
    for (size_t id = 0; id < out_.pieces.size(); ++id) {
      const auto rank = first_rank.find(out_.pieces[id]);
      if (out_.types[id] == PieceType::kByte) out_.scores.push_back(0.0f);
      else if (out_.types[id] != PieceType::kNormal) out_.scores.push_back(-1000.0f);
      else out_.scores.push_back(rank == first_rank.end() ? -last - static_cast<float>(id) : -static_cast<float>(rank->second));
    }
  }

  // An id named in tokenizer_config.json, as text or as an object with "content".
  std::optional<uint32_t> named(const char* name) const {
    const auto at = config_.find(name);
    if (at == config_.end()) return std::nullopt;
    if (at->is_string()) return out_.find(at->get<std::string>());
    if (at->is_object() && at->contains("content") && (*at)["content"].is_string()) {
      return out_.find((*at)["content"].get<std::string>());
    }
    return std::nullopt;
  }

  Result<Vocabulary> special() {
    out_.bos = named("bos_token");
    out_.eos = named("eos_token");
    out_.padding = named("pad_token");
    if (sentencepiece_) out_.unknown = named("unk_token");
    // Files that do not say begin with BOS where there is one (Llama 3's template processor puts it there).
    const auto add_bos = config_.find("add_bos_token");
    out_.add_bos = add_bos != config_.end() && add_bos->is_boolean() ? add_bos->get<bool>() : out_.bos.has_value();
    if (!out_.bos && out_.padding) out_.bos = out_.padding;  // never added; readers want one
    const auto chat = config_.find("chat_template");
    if (chat != config_.end() && chat->is_string()) out_.chat_template = chat->get<std::string>();
    return std::move(out_);
  }

  const Tree& tokenizer_;
  const Tree& config_;
  std::string path_;
  bool sentencepiece_ = false;
  Vocabulary out_;
};

}  // namespace

Result<Vocabulary> read_tokenizer(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json";
  SLM_TRY(tokenizer, read_tree(path));
  SLM_TRY(config, read_tree(folder + "/tokenizer_config.json"));
  try {
    return Conversion(tokenizer, config, path).run();
  } catch (const Tree::exception& error) {  // a value of another JSON type than the format's
    return fail(ErrorKind::kCorrupt, "tools.tokenizer_json", path, error.what());
  }
}

}  // namespace slm
