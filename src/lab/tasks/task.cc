#include "lab/tasks/task.h"

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "base/yaml.h"
#include "lab/tasks/shipped_files.h"

namespace slm::lab {
namespace {

struct NamedKind {
  std::string_view name;
  TaskKind kind;
};
constexpr NamedKind kKinds[] = {{"generate", TaskKind::kGenerate}, {"choices", TaskKind::kChoices}, {"bits", TaskKind::kBits}};

struct NamedFormat {
  std::string_view name;
  DataFormat format;
};
constexpr NamedFormat kFormats[] = {{"jsonl", DataFormat::kJsonLines}, {"json", DataFormat::kJson}, {"csv", DataFormat::kCsv},
                                    {"tsv", DataFormat::kTsv}, {"lines", DataFormat::kLines}};

struct NamedLabel {
  std::string_view name;
  LabelBy by;
};
constexpr NamedLabel kLabels[] = {{"number", LabelBy::kNumber}, {"letter", LabelBy::kLetter}, {"text", LabelBy::kText}};

template <class Named, size_t n>
Result<const Named*> one_of(const YamlNode& node, const Named (&table)[n], std::string_view key) {
  SLM_TRY(text, node.as_string());
  std::vector<std::string> names;
  std::string all;
  for (const Named& row : table) {
    if (row.name == text) return &row;
    names.emplace_back(row.name);
    all += (all.empty() ? "" : ", ") + names.back();
  }
  const auto near = nearest_spelling(text, names);
  return fail_with_hint(ErrorKind::kCorrupt, msg("lab.task.not_one_of", node.place(), key, text, all),
                        near ? msg("lab.task.did_you_mean", *near) : Message{});
}

// The value under `key` as a template; empty where the key is absent.
Result<TextTemplate> template_under(const YamlNode& node, std::string_view key) {
  const YamlNode* found = node.find(key);
  if (found == nullptr) return TextTemplate();
  return TextTemplate::parse(*found);
}

Result<const Grader*> grader_of(const YamlNode& node) {
  SLM_TRY(name, node.as_string());
  const Grader* grader = find_grader(name);
  if (grader != nullptr) return grader;
  std::vector<std::string> names;
  std::string all;
  for (const Grader& known : graders()) {
    names.emplace_back(known.name);
    all += (all.empty() ? "" : ", ") + names.back();
  }
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kCorrupt, msg("lab.task.no_grader", node.place(), name, all),
                        near ? msg("lab.task.did_you_mean", *near) : Message{});
}

bool is_plain(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

// ---- data

// "jsonl" of "a/b.jsonl.gz".
std::string_view format_by_name(std::string_view file) {
  for (std::string_view suffix : {".gz", ".bz2"}) {
    if (file.ends_with(suffix)) file.remove_suffix(suffix.size());
  }
  const size_t point = file.rfind('.');
  return point == std::string_view::npos ? std::string_view() : file.substr(point + 1);
}

Result<RecordShape> parse_shape(const YamlNode& node) {
  RecordShape shape;
  if (const YamlNode* format = node.find("format")) {
    SLM_TRY(named, one_of(*format, kFormats, "format"));
    shape.format = named->format;
  } else {
    SLM_TRY(file, node.need_string("file"));
    const std::string_view suffix = format_by_name(file);
    const auto* named = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const NamedFormat& row) { return row.name == suffix; });
    if (named == std::end(kFormats)) return node.wrong("lab.task.no_format", file);
    shape.format = named->format;
  }
  SLM_TRY(columns, node.strings_or("columns", {}));
  shape.columns = std::move(columns);
  const bool needs_columns = shape.format == DataFormat::kTsv || shape.format == DataFormat::kLines;
  if (needs_columns && shape.columns.empty()) return node.wrong("lab.task.no_columns");
  SLM_TRY(each, node.string_or("each", ""));
  shape.each = std::move(each);
  if (!shape.each.empty() && shape.format != DataFormat::kJson) return node.find("each")->wrong("lab.task.each_only_json");
  const YamlNode* fields = node.find("fields");
  if (fields == nullptr) return shape;
  if (fields->kind != YamlNode::Kind::kMapping) return fields->wrong("lab.task.not_mapping", "fields");
  for (const YamlEntry& entry : fields->entries) {
    SLM_TRY(path, TextTemplate::parse(entry.value));
    shape.paths.emplace_back(entry.key, std::move(path));
  }
  return shape;
}

Result<DataJoin> parse_join(const YamlNode& node) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"file", "format", "columns", "each", "fields", "key"}));
  DataJoin join;
  SLM_TRY(file, node.need("file"));
  SLM_TRY(file_template, TextTemplate::parse(*file));
  join.file = std::move(file_template);
  SLM_TRY(shape, parse_shape(node));
  join.shape = std::move(shape);
  SLM_TRY(key, node.string_or("key", ""));
  join.key = std::move(key);
  if (!join.key.empty() && join.shape.format != DataFormat::kJson) return node.find("key")->wrong("lab.task.key_only_json");
  return join;
}

Result<DataSource> parse_source(const YamlNode& node) {
  SLM_TRY_STATUS(node.refuse_unknown_keys({"file", "sha256", "format", "columns", "each", "fields", "join", "number", "rows"}));
  DataSource source;
  SLM_TRY(file, node.need("file"));
  SLM_TRY(file_template, TextTemplate::parse(*file));
  source.file = std::move(file_template);
  SLM_TRY(shape, parse_shape(node));
  source.shape = std::move(shape);
  SLM_TRY(sha256, node.string_or("sha256", ""));
  const bool is_digest = sha256.size() == 64 && sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!sha256.empty() && !is_digest) return node.find("sha256")->wrong("lab.task.bad_digest", sha256);
  source.sha256 = std::move(sha256);
  SLM_TRY(number, node.string_or("number", ""));
  source.number = std::move(number);
  SLM_TRY(rows, node.strings_or("rows", {}));
  source.rows = std::move(rows);
  const YamlNode* joins = node.find("join");
  if (joins == nullptr) return source;
  if (joins->kind == YamlNode::Kind::kMapping) {
    SLM_TRY(join, parse_join(*joins));
    source.joins.push_back(std::move(join));
    return source;
  }
  SLM_TRY(list, node.need_sequence("join"));
  for (const YamlNode& item : list->items) {
    SLM_TRY(join, parse_join(item));
    source.joins.push_back(std::move(join));
  }
  return source;
}

// ---- the rest, a section each

struct TaskParser {
  const YamlNode& root;
  Task task;

  static Status titles(const YamlNode& node, std::string& english, std::string& chinese) {
    SLM_TRY_STATUS(node.refuse_unknown_keys({"en", "zh"}));
    SLM_TRY(en, node.need_string("en"));
    SLM_TRY(zh, node.string_or("zh", en));
    english = std::move(en);
    chinese = std::move(zh);
    return {};
  }

  Status head() {
    SLM_TRY_STATUS(root.refuse_unknown_keys({"name", "title", "table", "license", "source", "kind", "data", "rows", "twins", "lookup",
                                             "item_name", "strata", "prompt", "shots", "max_tokens", "stop", "grader", "also", "mean", "compared", "reference",
                                             "answer_language", "endings", "label", "label_by", "by_length", "delimiter", "chance"}));
    SLM_TRY(name, root.need_string("name"));
    if (!is_plain(name)) return root.find("name")->wrong("lab.task.bad_name", name);
    task.name = std::move(name);
    SLM_TRY(title, root.need_mapping("title"));
    SLM_TRY_STATUS(titles(*title, task.title_en, task.title_zh));
    SLM_TRY(table, root.need_string("table"));
    task.table = std::move(table);
    SLM_TRY(license, root.string_or("license", ""));
    task.license = std::move(license);
    SLM_TRY(source, root.string_or("source", ""));
    task.source = std::move(source);
    SLM_TRY(kind, root.need("kind"));
    SLM_TRY(named, one_of(*kind, kKinds, "kind"));
    task.kind = named->kind;
    return {};
  }

  Status data() {
    SLM_TRY(node, root.need("data"));
    if (node->kind == YamlNode::Kind::kMapping) {
      SLM_TRY(source, parse_source(*node));
      task.data.push_back(std::move(source));
      return {};
    }
    SLM_TRY(list, root.need_sequence("data"));
    for (const YamlNode& item : list->items) {
      SLM_TRY(source, parse_source(item));
      task.data.push_back(std::move(source));
    }
    return task.data.empty() ? node->wrong("lab.task.nothing_in", "data") : Status();
  }

  Result<TaskRow> row(const YamlNode& node) {
    SLM_TRY_STATUS(node.refuse_unknown_keys({"id", "language", "title", "values"}));
    TaskRow parsed;
    SLM_TRY(id, node.need_string("id"));
    if (id.empty() || task.find_row(id) != nullptr) return node.find("id")->wrong("lab.task.row_twice", id);
    parsed.id = std::move(id);
    SLM_TRY(language, node.string_or("language", ""));
    parsed.language = std::move(language);
    parsed.title_en = parsed.title_zh = parsed.id;
    if (node.find("title") != nullptr) {
      SLM_TRY(title, node.need_mapping("title"));
      SLM_TRY_STATUS(titles(*title, parsed.title_en, parsed.title_zh));
    }
    if (node.find("values") == nullptr) return parsed;
    SLM_TRY(values, node.need_mapping("values"));
    for (const YamlEntry& entry : values->entries) {
      SLM_TRY(text, entry.value.as_string());
      parsed.values[entry.key] = std::move(text);
    }
    return parsed;
  }

  Status rows() {
    if (root.find("rows") == nullptr) {
      task.rows.emplace_back();
    } else {
      SLM_TRY(list, root.need_sequence("rows"));
      for (const YamlNode& node : list->items) {
        SLM_TRY(parsed, row(node));
        task.rows.push_back(std::move(parsed));
      }
      if (task.rows.empty()) return list->wrong("lab.task.nothing_in", "rows");
    }
    SLM_TRY(twins, root.string_or("twins", ""));
    if (!twins.empty() && task.find_row(twins) == nullptr) return root.find("twins")->wrong("lab.task.no_row", twins);
    task.twins = std::move(twins);
    for (const DataSource& source : task.data) {
      for (const std::string& id : source.rows) {
        if (task.find_row(id) == nullptr) return root.find("data")->wrong("lab.task.no_row", id);
      }
    }
    return {};
  }

  Status lookups() {
    if (root.find("lookup") == nullptr) return {};
    SLM_TRY(all, root.need_mapping("lookup"));
    for (const YamlEntry& entry : all->entries) {
      SLM_TRY_STATUS(entry.value.refuse_unknown_keys({"by", "values"}));
      Lookup lookup;
      lookup.name = entry.key;
      lookup.place = entry.value.place();
      SLM_TRY(by, entry.value.need_string("by"));
      lookup.by = std::move(by);
      SLM_TRY(values, entry.value.need_mapping("values"));
      for (const YamlEntry& value : values->entries) {
        SLM_TRY(text, value.value.as_string());
        lookup.values[value.key] = std::move(text);
      }
      task.lookups.push_back(std::move(lookup));
    }
    return {};
  }

  Status prompt() {
    SLM_TRY(node, root.need_mapping("prompt"));
    SLM_TRY_STATUS(node->refuse_unknown_keys({"chat", "system", "text", "description"}));
    struct Part {
      std::string_view key;
      TextTemplate* to;
    };
    for (const Part& part : {Part{"chat", &task.chat}, Part{"system", &task.system}, Part{"text", &task.text},
                             Part{"description", &task.description}}) {
      SLM_TRY(parsed, template_under(*node, part.key));
      *part.to = std::move(parsed);
    }
    if (task.kind != TaskKind::kGenerate && !task.chat.empty()) return node->find("chat")->wrong("lab.task.chat_only_generate");
    if (task.text.empty() && (task.chat.empty() || task.kind != TaskKind::kGenerate)) return node->wrong("lab.task.no_prompt");
    return {};
  }

  Status shots() {
    if (root.find("shots") == nullptr) return {};
    SLM_TRY(node, root.need_mapping("shots"));
    SLM_TRY_STATUS(node->refuse_unknown_keys({"count", "shot", "separator", "examples", "from"}));
    constexpr int64_t kMostShots = 1'000;
    SLM_TRY(count, node->need_integer("count", 0, kMostShots));
    task.shots.count = static_cast<uint32_t>(count);
    SLM_TRY(shot, template_under(*node, "shot"));
    task.shots.shot = std::move(shot);
    if (task.shots.shot.empty() && task.kind == TaskKind::kGenerate) return node->wrong("lab.task.no_shot");
    SLM_TRY(separator, node->string_or("separator", "\n\n"));
    task.shots.separator = std::move(separator);
    if (node->find("from") != nullptr) {
      SLM_TRY(from, node->need_mapping("from"));
      SLM_TRY(source, parse_source(*from));
      task.shots.source = std::move(source);
    }
    if (node->find("examples") == nullptr) return {};
    SLM_TRY(examples, node->need_sequence("examples"));
    for (const YamlNode& example : examples->items) {
      if (example.kind != YamlNode::Kind::kMapping) return example.wrong("lab.task.not_mapping", "examples");
      Fields fields;
      for (const YamlEntry& entry : example.entries) {
        SLM_TRY(text, entry.value.as_string());
        fields[entry.key] = text_field(std::move(text));
      }
      task.shots.examples.push_back(std::move(fields));
    }
    if (task.shots.examples.size() < task.shots.count) return examples->wrong("lab.task.few_examples", task.shots.examples.size(), count);
    return {};
  }

  // Keys of another kind would be read by nobody: a mistake in the file.
  Status refuse_for_kind(std::initializer_list<std::string_view> keys) const {
    for (std::string_view key : keys) {
      if (const YamlNode* node = root.find(key)) return node->wrong("lab.task.not_of_kind", key, task_kind_name(task.kind));
    }
    return {};
  }

  bool reads_by(std::string_view name) const {
    const auto is_it = [&](const Grader* grader) { return grader->name == name; };
    return is_it(task.grader) || std::any_of(task.also.begin(), task.also.end(), is_it);
  }

  Status means() {
    SLM_TRY(names, root.strings_or("mean", {}));
    for (const std::string& name : names) {
      if (!reads_by(name)) return root.find("mean")->wrong("lab.task.no_reading", name);
    }
    task.mean = std::move(names);
    return {};
  }

  Status compared() {
    if (root.find("compared") == nullptr) return {};
    SLM_TRY(list, root.need_sequence("compared"));
    for (const YamlNode& node : list->items) {
      SLM_TRY_STATUS(node.refuse_unknown_keys({"reading", "id", "title"}));
      ComparedReading reading;
      SLM_TRY(name, node.need_string("reading"));
      reading.grader = find_grader(name);
      const bool is_read = reading.grader == nullptr ? name == "language" && !task.answer_language.empty()
                                                     : reading.grader != task.grader && reads_by(name);
      if (!is_read) return node.find("reading")->wrong("lab.task.no_reading", name);
      SLM_TRY(id, node.need_string("id"));
      const auto has_it = [&](const ComparedReading& other) { return other.id == id; };
      if (!is_plain(id) || std::any_of(task.compared.begin(), task.compared.end(), has_it)) return node.find("id")->wrong("lab.task.bad_reading_id", id);
      reading.id = std::move(id);
      SLM_TRY(title, node.need_mapping("title"));
      SLM_TRY_STATUS(titles(*title, reading.title_en, reading.title_zh));
      task.compared.push_back(std::move(reading));
    }
    return {};
  }

  Status answers() {
    constexpr int64_t kMostTokens = 32'768;
    SLM_TRY(max_tokens, root.integer_or("max_tokens", 512, 1, kMostTokens));
    task.max_tokens = static_cast<uint32_t>(max_tokens);
    SLM_TRY(stop, root.strings_or("stop", {}));
    task.stop = std::move(stop);
    for (const std::string& text : task.stop) {
      if (text.empty() || text.size() > limits::kMaxStopBytes) return root.find("stop")->wrong("lab.task.bad_stop", limits::kMaxStopBytes);
    }
    if (task.stop.size() > limits::kMaxStopStrings) return root.find("stop")->wrong("lab.task.many_stops", limits::kMaxStopStrings);
    SLM_TRY(grader_node, root.need("grader"));
    SLM_TRY(grader, grader_of(*grader_node));
    task.grader = grader;
    if (root.find("also") != nullptr) {
      SLM_TRY(also, root.need_sequence("also"));
      for (const YamlNode& node : also->items) {
        SLM_TRY(further, grader_of(node));
        task.also.push_back(further);
      }
    }
    SLM_TRY(reference_node, root.need("reference"));
    SLM_TRY(reference, TextTemplate::parse(*reference_node));
    task.reference = std::move(reference);
    SLM_TRY(language, template_under(root, "answer_language"));
    task.answer_language = std::move(language);
    SLM_TRY_STATUS(means());
    SLM_TRY_STATUS(compared());
    return refuse_for_kind({"endings", "label", "label_by", "by_length", "delimiter"});
  }

  Status endings() {
    SLM_TRY(node, root.need("endings"));
    if (node->kind == YamlNode::Kind::kSequence) {
      for (const YamlNode& item : node->items) {
        SLM_TRY(ending, TextTemplate::parse(item));
        task.endings.push_back(std::move(ending));
      }
      if (task.endings.size() < 2) return node->wrong("lab.task.few_endings");
    } else {
      SLM_TRY(ending, TextTemplate::parse(*node));
      task.endings.push_back(std::move(ending));
    }
    SLM_TRY(label_node, root.need("label"));
    SLM_TRY(label, TextTemplate::parse(*label_node));
    task.label = std::move(label);
    if (const YamlNode* by = root.find("label_by")) {
      SLM_TRY(named, one_of(*by, kLabels, "label_by"));
      task.label_by = named->by;
    }
    SLM_TRY(by_length, root.bool_or("by_length", true));
    task.by_length = by_length;
    SLM_TRY(delimiter, root.string_or("delimiter", " "));
    task.delimiter = std::move(delimiter);
    return refuse_for_kind({"grader", "also", "mean", "compared", "reference", "answer_language", "max_tokens", "stop"});
  }

  Status by_kind() {
    SLM_TRY(item_name, template_under(root, "item_name"));
    task.name_of_item = std::move(item_name);
    SLM_TRY(strata, template_under(root, "strata"));
    task.stratum = std::move(strata);
    if (root.find("chance") != nullptr) {
      SLM_TRY(chance, root.need_number("chance"));
      if (chance < 0 || chance >= 1) return root.find("chance")->wrong("lab.task.bad_chance");
      task.chance = chance;
    }
    switch (task.kind) {
      case TaskKind::kGenerate: return answers();
      case TaskKind::kChoices: return endings();
      case TaskKind::kBits:
        return refuse_for_kind({"endings", "label", "label_by", "by_length", "delimiter", "grader", "also", "mean", "compared", "reference",
                                "answer_language", "max_tokens", "stop", "shots", "chance"});
    }
    return {};
  }

  Status all() {
    for (const auto section : {&TaskParser::head, &TaskParser::data, &TaskParser::rows, &TaskParser::lookups, &TaskParser::prompt,
                               &TaskParser::shots, &TaskParser::by_kind}) {
      SLM_TRY_STATUS((this->*section)());
    }
    return {};
  }
};

}  // namespace

std::string_view task_kind_name(TaskKind kind) {
  for (const NamedKind& row : kKinds) {
    if (row.kind == kind) return row.name;
  }
  return {};
}

const TaskRow* Task::find_row(std::string_view id) const {
  for (const TaskRow& row : rows) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

Result<Task> parse_task(std::string_view yaml, std::string_view file) {
  SLM_TRY(root, parse_yaml(yaml, file));
  TaskParser parser{root, {}};
  parser.task.file = std::string(file);
  SLM_TRY_STATUS(parser.all());
  return std::move(parser.task);
}

Result<Task> read_task(const std::string& path) {
  SLM_TRY(text, read_text_file(path, limits::kYamlMaxBytes));
  return parse_task(text, path);
}

Result<std::vector<Task>> shipped_tasks() {
  std::vector<Task> tasks;
  for (const ShippedFile& file : shipped_task_files()) {
    if (!file.name.ends_with(".yaml")) continue;
    SLM_TRY(task, parse_task(file.text, "data/tasks/" + std::string(file.name)));
    task.shipped = true;
    tasks.push_back(std::move(task));
  }
  return tasks;
}

bool names_a_task_file(const std::string& name) { return name.ends_with(".yaml") || name.ends_with(".yml") || name.find('/') != std::string::npos; }

Result<Task> find_task(const std::string& name_or_path) {
  if (names_a_task_file(name_or_path)) return read_task(name_or_path);
  SLM_TRY(tasks, shipped_tasks());
  std::vector<std::string> names;
  for (Task& task : tasks) {
    if (task.name == name_or_path) return std::move(task);
    names.push_back(task.name);
  }
  const auto near = nearest_spelling(name_or_path, names);
  return fail_with_hint(ErrorKind::kNotFound, msg("lab.task.none_of_that_name", name_or_path),
                        near ? msg("lab.task.did_you_mean", *near) : msg("lab.task.list_hint"));
}

std::vector<std::string> data_folders(const Task& task) {
  std::vector<std::string> folders;
  const auto add = [&](const DataSource& source) {
    const std::string_view start = source.file.literal_start();
    const size_t slash = start.find('/');
    if (slash == std::string_view::npos) return;
    std::string folder(start.substr(0, slash));
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) folders.push_back(std::move(folder));
  };
  for (const DataSource& source : task.data) add(source);
  if (task.shots.source) add(*task.shots.source);
  return folders;
}

}  // namespace slm::lab
