#include "hub/sources/gguf_choice.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

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

// "model-00001-of-00003.gguf".
bool is_split(const std::string& path) {
  const std::string name = lower(path);
  constexpr std::string_view kForm = "-00001-of-00003.gguf";
  if (name.size() < kForm.size()) return false;
  const std::string_view end = std::string_view(name).substr(name.size() - kForm.size());
  return std::equal(end.begin(), end.end(), kForm.begin(), [](char c, char form) {
    return std::isdigit(static_cast<unsigned char>(form)) != 0 ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == form;
  });
}

std::string listed(const std::vector<ListedFile>& files) {
  std::string text;
  for (size_t i = 0; i < std::min(files.size(), kMostListed); ++i) {
    text += (i > 0 ? ", " : "") + printable(base_name(files[i].path)) + " (" + format_bytes(files[i].bytes) + ")";
  }
  return files.size() > kMostListed ? text + ", ..." : text;
}

}  // namespace

Result<ListedFile> choose_gguf(const std::vector<ListedFile>& files, const std::string& quantization, const std::string& repository) {
  std::vector<ListedFile> models;
  for (const ListedFile& file : files) {
    const std::string name = lower(base_name(file.path));
    if (name.ends_with(".gguf") && name.find("mmproj") == std::string::npos) models.push_back(file);
  }
  if (models.empty()) return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_gguf", repository), msg("hub.try_gguf_repository"));
  std::vector<ListedFile> chosen;
  for (const ListedFile& file : models) {
    if (quantization.empty() || names(file.path, quantization)) chosen.push_back(file);
  }
  if (chosen.empty()) return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_quantization", repository, quantization), msg("hub.there_are", listed(models)));
  if (is_split(chosen.front().path)) return fail_with_hint(ErrorKind::kFailed, msg("hub.split_file", repository, printable(chosen.front().path)), msg("hub.there_are", listed(models)));
  if (chosen.size() > 1) return fail_with_hint(ErrorKind::kUsage, msg("hub.which_file", repository, chosen.size()), msg("hub.there_are", listed(chosen)));
  return chosen.front();
}

}  // namespace slm::hub
