#include "hub/sources/gguf_choice.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/text.h"
#include "gguf/split.h"

namespace slm::hub {
namespace {

constexpr size_t kMostListed = 40;  // files in an error

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_separator(char c) { return c == '-' || c == '.' || c == '/'; }

bool names(const std::string& path, const std::string& quantization) {
  const std::string text = lower(path), word = lower(quantization);
  if (base_name(text) == word) return true;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || is_separator(text[at - 1])) && (end == text.size() || is_separator(text[end]))) return true;
  }
  return false;
}

// Files of one model, in the parts' order.
using Model = std::vector<ListedFile>;

uint64_t bytes_of(const Model& model) {
  uint64_t sum = 0;
  for (const ListedFile& file : model) sum = __builtin_add_overflow(sum, file.bytes, &sum) ? UINT64_MAX : sum;
  return sum;
}

// A part's number in its model; 1 of a model in one file.
uint32_t number_of(const ListedFile& file) {
  const auto part = gguf::parse_part_name(file.path);
  return part ? part->number : 1;
}

// In the order of their first files in the list.
std::vector<Model> models_of(const std::vector<ListedFile>& files) {
  std::vector<Model> models;
  std::map<std::string, size_t> at;  // by the path of the first part
  for (const ListedFile& file : files) {
    const auto part = gguf::parse_part_name(file.path);
    const auto [place, is_new] = at.emplace(part ? part->path_of(1) : file.path, models.size());
    if (is_new) models.emplace_back();
    models[place->second].push_back(file);
  }
  for (Model& model : models) std::stable_sort(model.begin(), model.end(), [](const ListedFile& a, const ListedFile& b) { return number_of(a) < number_of(b); });
  return models;
}

// Every part once.
Status check_whole_model(const Model& model) {
  const auto first = gguf::parse_part_name(model.front().path);
  const uint32_t count = first ? first->count : 1;
  std::set<uint32_t> numbers;
  for (const ListedFile& file : model) numbers.insert(number_of(file));
  if (numbers.size() != model.size()) return fail(ErrorKind::kCorrupt, "hub.store.bad_parts", printable(model.front().path), model.size(), numbers.size());
  for (uint32_t number = 1; number <= count; ++number) {
    if (numbers.contains(number)) continue;
    return fail(ErrorKind::kNotFound, "hub.store.part_missing", printable(model.front().path), first->number, count, printable(first->path_of(number)));
  }
  return {};
}

std::string listed(const std::vector<Model>& models) {
  std::string text;
  for (size_t i = 0; i < std::min(models.size(), kMostListed); ++i) {
    text += (i > 0 ? ", " : "") + printable(base_name(models[i].front().path)) + " (" + format_bytes(bytes_of(models[i])) + ")";
  }
  return models.size() > kMostListed ? text + ", ..." : text;
}

}  // namespace

Result<std::vector<ListedFile>> choose_gguf(const std::vector<ListedFile>& files, const std::string& quantization, const std::string& repository) {
  std::vector<ListedFile> ggufs;
  for (const ListedFile& file : files) {
    const std::string name = lower(base_name(file.path));
    if (name.ends_with(".gguf") && name.find("mmproj") == std::string::npos) ggufs.push_back(file);
  }
  const std::vector<Model> models = models_of(ggufs);
  if (models.empty()) return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_gguf", repository), msg("hub.try_gguf_repository"));
  std::vector<Model> chosen;
  for (const Model& model : models) {
    if (quantization.empty() || names(model.front().path, quantization)) chosen.push_back(model);
  }
  if (chosen.empty()) return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_quantization", repository, quantization), msg("hub.there_are", listed(models)));
  if (chosen.size() > 1) return fail_with_hint(ErrorKind::kUsage, msg("hub.which_file", repository, chosen.size()), msg("hub.there_are", listed(chosen)));
  SLM_TRY_STATUS(check_whole_model(chosen.front()));
  return chosen.front();
}

}  // namespace slm::hub
