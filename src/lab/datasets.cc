#include "lab/datasets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <climits>
#include <cstdlib>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/bzip2.h"
#include "lab/statistics.h"

namespace slm::lab {
namespace {

bool is_directory(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

bool is_file(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

// The nearest folder at or above `start` that holds data/smoke; empty: none.
std::string checkout_above(std::string start) {
  for (; !start.empty(); start = parent_of(start)) {
    if (is_file(start + "/data/smoke/SOURCES.md")) return start;
    if (start == "/") break;
  }
  return {};
}

std::string find_checkout() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length > 0) {
    const std::string found = checkout_above(parent_of(std::string(path, static_cast<size_t>(length))));
    if (!found.empty()) return found;
  }
  return getcwd(path, sizeof path) != nullptr ? checkout_above(path) : std::string();
}

}  // namespace

Result<std::vector<std::string>> data_directories(const std::string& data_dir) {
  std::vector<std::string> directories;
  const char* from_environment = std::getenv("SLM_DATA_DIR");
  for (const std::string& given : {data_dir, std::string(from_environment != nullptr ? from_environment : "")}) {
    if (given.empty()) continue;
    if (!is_directory(given)) return fail(ErrorKind::kNotFound, "lab.no_data_directory", given);
    directories.push_back(given);
  }
  const std::string checkout = find_checkout();
  if (checkout.empty()) return directories;
  const std::string beside = parent_of(checkout) + "/shared/datasets";
  if (is_directory(beside)) directories.push_back(beside);
  directories.push_back(checkout + "/data/smoke");
  return directories;
}

namespace {

// Lines without their ends; the last may lack one.
std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The text of a set's file, which must be UTF-8.
Result<std::string> read_set(const std::string& path) {
  SLM_TRY(bytes, read_text_file(path, limits::kDatasetMaxBytes));
  if (path.ends_with(".bz2")) {
    SLM_TRY(text, decompress_bzip2(bytes, path));
    bytes = std::move(text);
  }
  if (const auto bad = first_invalid_utf8(bytes)) return fail(ErrorKind::kCorrupt, "lab.set_not_utf8", path, *bad);
  return bytes;
}

// One line of a JSON-lines file, and where it stands, for errors.
struct JsonLine {
  Json value;
  std::string path;
  size_t number;  // from 1

  tl::unexpected<Error> wrong(std::string_view field) const {
    return fail(ErrorKind::kCorrupt, "lab.bad_field", path, number, field);
  }
  Result<std::string> text(const std::string& field) const {
    const auto found = value.find(field);
    if (found == value.end() || !found->is_string()) return wrong(field);
    const std::string& content = found->get_ref<const std::string&>();
    if (content.empty()) return wrong(field);
    return content;
  }
  Result<uint32_t> number_below(const std::string& field, uint64_t bound) const {
    const auto found = value.find(field);
    if (found == value.end() || !found->is_number_unsigned() || found->get<uint64_t>() >= bound) return wrong(field);
    return found->get<uint32_t>();
  }
};

Result<std::vector<JsonLine>> read_json_lines(const std::string& path) {
  SLM_TRY(text, read_set(path));
  std::vector<JsonLine> lines;
  size_t number = 0;
  for (std::string_view line : split_lines(text)) {
    ++number;
    if (line.empty()) continue;
    auto value = parse_json(line);
    if (!value) return fail(ErrorKind::kCorrupt, "lab.bad_line", path, number, value.error().text());
    if (!value->is_object()) return fail(ErrorKind::kCorrupt, "lab.bad_line", path, number, "not an object");
    lines.push_back({std::move(*value), path, number});
  }
  if (lines.empty()) return fail(ErrorKind::kCorrupt, "lab.set_empty", path);
  return lines;
}

template <class Item>
Status check_ids_differ(const DataSet<Item>& set) {
  std::set<uint32_t> seen;
  for (const Item& item : set.items) {
    if (!seen.insert(item.id).second) return fail(ErrorKind::kCorrupt, "lab.item_twice", set.source, item.id);
  }
  return {};
}

tl::unexpected<Error> no_data(std::string_view title, const std::vector<std::string>& directories) {
  std::string looked;
  for (const std::string& directory : directories) looked += (looked.empty() ? "" : ", ") + directory;
  return fail_with_hint(ErrorKind::kNotFound, msg("lab.no_data", title, looked.empty() ? "-" : looked), msg("lab.no_data_hint"));
}

// ---- HellaSwag

constexpr uint32_t kHellaSwagEndings = 4;
constexpr size_t kHellaSwagLines = 2 + kHellaSwagEndings;  // context, label, endings

ChoiceItem hellaswag_item(uint32_t id, std::string_view context, uint32_t label, const std::vector<std::string>& endings) {
  ChoiceItem item{id, hellaswag_context(context), {}, label};
  for (const std::string& ending : endings) item.endings.push_back(clean_hellaswag(ending));
  return item;
}

Result<DataSet<ChoiceItem>> read_hellaswag_lines(const std::string& path) {
  SLM_TRY(text, read_set(path));
  const std::vector<std::string_view> lines = split_lines(text);
  if (lines.empty()) return fail(ErrorKind::kCorrupt, "lab.set_empty", path);
  if (lines.size() % kHellaSwagLines != 0) {
    return fail(ErrorKind::kCorrupt, "lab.lines_per_item", path, lines.size(), kHellaSwagLines);
  }
  DataSet<ChoiceItem> set{path, {}};
  for (size_t at = 0; at < lines.size(); at += kHellaSwagLines) {
    const std::string_view label = lines[at + 1];
    if (label.size() != 1 || label[0] < '0' || label[0] > '3') return fail(ErrorKind::kCorrupt, "lab.bad_field", path, at + 2, "label");
    std::vector<std::string> endings;
    for (size_t i = 2; i < kHellaSwagLines; ++i) {
      if (lines[at + i].empty()) return fail(ErrorKind::kCorrupt, "lab.bad_field", path, at + i + 1, "ending");
      endings.emplace_back(lines[at + i]);
    }
    if (lines[at].empty()) return fail(ErrorKind::kCorrupt, "lab.bad_field", path, at + 1, "context");
    set.items.push_back(hellaswag_item(static_cast<uint32_t>(at / kHellaSwagLines), lines[at],
                                       static_cast<uint32_t>(label[0] - '0'), endings));
  }
  return set;
}

Result<DataSet<ChoiceItem>> read_hellaswag_subset(const std::string& path) {
  SLM_TRY(lines, read_json_lines(path));
  DataSet<ChoiceItem> set{path, {}};
  for (const JsonLine& line : lines) {
    SLM_TRY(id, line.number_below("id", UINT32_MAX));
    SLM_TRY(context, line.text("context"));
    SLM_TRY(label, line.number_below("label", kHellaSwagEndings));
    const auto endings = line.value.find("endings");
    if (endings == line.value.end() || !endings->is_array() || endings->size() != kHellaSwagEndings) return line.wrong("endings");
    std::vector<std::string> texts;
    for (const Json& ending : *endings) {
      if (!ending.is_string() || ending.get_ref<const std::string&>().empty()) return line.wrong("endings");
      texts.push_back(ending.get<std::string>());
    }
    set.items.push_back(hellaswag_item(id, context, label, texts));
  }
  SLM_TRY_STATUS(check_ids_differ(set));
  return set;
}

Result<DataSet<ChoiceItem>> load_hellaswag(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    for (const char* name : {"/hellaswag/hellaswag_val_full.txt.bz2", "/hellaswag/hellaswag_val_full.txt"}) {
      if (is_file(directory + name)) return read_hellaswag_lines(directory + name);
    }
    if (is_file(directory + "/hellaswag.jsonl")) return read_hellaswag_subset(directory + "/hellaswag.jsonl");
  }
  return no_data("HellaSwag", directories);
}

// ---- PIQA

Result<ChoiceItem> piqa_item(const JsonLine& line, uint32_t id, uint32_t label) {
  SLM_TRY(goal, line.text("goal"));
  SLM_TRY(first, line.text("sol1"));
  SLM_TRY(second, line.text("sol2"));
  return ChoiceItem{id, "Question: " + goal + "\nAnswer:", {first, second}, label};
}

Result<DataSet<ChoiceItem>> read_piqa(const std::string& path, const std::string& labels_path) {
  SLM_TRY(lines, read_json_lines(path));
  SLM_TRY(labels_text, read_set(labels_path));
  const std::vector<std::string_view> labels = split_lines(labels_text);
  if (labels.size() != lines.size()) {
    return fail(ErrorKind::kCorrupt, "lab.labels_differ", labels_path, labels.size(), path, lines.size());
  }
  DataSet<ChoiceItem> set{path, {}};
  for (size_t i = 0; i < lines.size(); ++i) {
    if (labels[i] != "0" && labels[i] != "1") return fail(ErrorKind::kCorrupt, "lab.bad_field", labels_path, i + 1, "label");
    SLM_TRY(item, piqa_item(lines[i], static_cast<uint32_t>(i), labels[i] == "1"));
    set.items.push_back(std::move(item));
  }
  return set;
}

Result<DataSet<ChoiceItem>> read_piqa_subset(const std::string& path) {
  SLM_TRY(lines, read_json_lines(path));
  DataSet<ChoiceItem> set{path, {}};
  for (const JsonLine& line : lines) {
    SLM_TRY(id, line.number_below("id", UINT32_MAX));
    SLM_TRY(label, line.number_below("label", 2));
    SLM_TRY(item, piqa_item(line, id, label));
    set.items.push_back(std::move(item));
  }
  SLM_TRY_STATUS(check_ids_differ(set));
  return set;
}

Result<DataSet<ChoiceItem>> load_piqa(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    if (is_file(directory + "/piqa/valid.jsonl")) {
      return read_piqa(directory + "/piqa/valid.jsonl", directory + "/piqa/valid-labels.lst");
    }
    if (is_file(directory + "/piqa.jsonl")) return read_piqa_subset(directory + "/piqa.jsonl");
  }
  return no_data("PIQA", directories);
}

// ---- FLORES

Result<DataSet<ParallelSentence>> read_flores(const std::string& directory, const std::vector<std::string>& languages) {
  DataSet<ParallelSentence> set{directory + "/flores", {}};
  for (const std::string& language : languages) {
    const std::string path = directory + "/flores/" + language + ".devtest";
    SLM_TRY(text, read_set(path));
    const std::vector<std::string_view> lines = split_lines(text);
    if (lines.empty()) return fail(ErrorKind::kCorrupt, "lab.set_empty", path);
    if (set.items.empty()) set.items.resize(lines.size());
    if (lines.size() != set.items.size()) return fail(ErrorKind::kCorrupt, "lab.languages_differ", path, lines.size(), set.items.size());
    for (size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].empty()) return fail(ErrorKind::kCorrupt, "lab.bad_field", path, i + 1, language);
      set.items[i].id = static_cast<uint32_t>(i);
      set.items[i].texts.emplace_back(lines[i]);
    }
  }
  return set;
}

Result<DataSet<ParallelSentence>> read_flores_subset(const std::string& path, const std::vector<std::string>& languages) {
  SLM_TRY(lines, read_json_lines(path));
  DataSet<ParallelSentence> set{path, {}};
  for (const JsonLine& line : lines) {
    SLM_TRY(id, line.number_below("id", UINT32_MAX));
    ParallelSentence sentence{id, {}};
    for (const std::string& language : languages) {
      SLM_TRY(text, line.text(language));
      sentence.texts.push_back(std::move(text));
    }
    set.items.push_back(std::move(sentence));
  }
  SLM_TRY_STATUS(check_ids_differ(set));
  return set;
}

}  // namespace

Result<DataSet<ParallelSentence>> load_parallel(const std::vector<std::string>& directories,
                                                const std::vector<std::string>& languages) {
  SLM_CHECK(!languages.empty());
  for (const std::string& directory : directories) {
    if (is_file(directory + "/flores/" + languages.front() + ".devtest")) return read_flores(directory, languages);
    if (is_file(directory + "/flores.jsonl")) return read_flores_subset(directory + "/flores.jsonl", languages);
  }
  return no_data("FLORES-200", directories);
}

const std::vector<ChoiceTask>& choice_tasks() {
  static const std::vector<ChoiceTask> tasks = {
      {"hellaswag", "HellaSwag", load_hellaswag},
      {"piqa", "PIQA", load_piqa},
  };
  return tasks;
}

const ChoiceTask* find_choice_task(std::string_view name) {
  for (const ChoiceTask& task : choice_tasks()) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

std::string clean_hellaswag(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  // " [title]" first: what is left of brackets goes without a trace.
  constexpr std::string_view kTitle = " [title]";
  std::string titled;
  for (size_t i = 0; i < text.size();) {
    const bool is_title = text.substr(i).starts_with(kTitle);
    titled += is_title ? std::string(". ") : std::string(1, text[i]);
    i += is_title ? kTitle.size() : 1;
  }
  std::string bare;
  const size_t last_close = titled.rfind(']');
  for (size_t i = 0; i < titled.size();) {
    if (titled[i] == '[' && last_close != std::string::npos && last_close > i) {
      i = titled.find(']', i) + 1;
    } else {
      bare += titled[i++];
    }
  }
  // One pass, as the original: of four spaces two are left.
  std::string out;
  for (size_t i = 0; i < bare.size(); ++i) {
    out += bare[i];
    if (bare[i] == ' ' && i + 1 < bare.size() && bare[i + 1] == ' ') ++i;
  }
  return out;
}

std::string hellaswag_context(std::string_view line) {
  std::string text(line);
  const size_t stop = text.rfind(". ");
  const size_t at = stop == std::string::npos ? std::string::npos : stop + 2;
  if (at < text.size() && text[at] >= 'a' && text[at] <= 'z') text[at] = static_cast<char>(text[at] - 'a' + 'A');
  return clean_hellaswag(text);
}

uint64_t item_rank(uint64_t seed, uint32_t id) { return SeededRandom(SeededRandom(seed).next() ^ id).next(); }

}  // namespace slm::lab
