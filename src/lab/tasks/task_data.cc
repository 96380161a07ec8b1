#include "lab/tasks/task_data.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/files.h"
#include "hub/data/data_sets.h"
#include "lab/datasets.h"
#include "lab/tasks/data_file.h"
#include "lab/tasks/data_records.h"

namespace slm::lab {
namespace {

std::optional<uint32_t> to_number(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Fields fields_of_row(const TaskRow& row) {
  Fields fields = {{"row", text_field(row.id)}, {"language", text_field(row.language)}};
  for (const auto& [name, value] : row.values) fields[name] = text_field(value);
  return fields;
}

void put_all(const Fields& from, Fields& to) {
  for (const auto& [name, value] : from) to[name] = value;
}

// Reads what a source names, records of all its files one after another, joined. `files` outlive what is read.
class SourceReader {
 public:
  SourceReader(const Task& task, const std::vector<std::string>& directories) : task_(task), directories_(directories) {}

  // Empty: none of the directories has it.
  Result<std::vector<FoundFile>> find(const TextTemplate& file, const Fields& fields, const std::string& directory) const {
    SLM_TRY(pattern, file.render(fields));
    return find_data_files(directory, pattern);
  }

  struct Read {
    std::vector<DataRecord> records;
    std::vector<const FoundFile*> files;  // of each record
    std::string shown;                    // the file, or the pattern that names several
  };
  Result<Read> read(const DataSource& source, const std::vector<FoundFile>& files, const std::string& directory, const Fields& fields) const {
    SLM_TRY(pattern, source.file.render(fields));
    Read all{{}, {}, files.size() > 1 ? directory + "/" + pattern : files.front().path};
    for (const FoundFile& file : files) {
      Fields of_file = fields;
      of_file["file"] = text_field(file.stem);
      SLM_TRY(text, read_data_file(file, digest_of(file, source.sha256)));
      SLM_TRY(records, read_records(text, file.path, source.shape, of_file));
      for (const DataJoin& join : source.joins) {
        SLM_TRY_STATUS(add_join(join, directory, of_file, file.path, records));
      }
      for (DataRecord& record : records) {
        Fields own = of_file;
        put_all(record.fields, own);
        record.fields = std::move(own);
        all.records.push_back(std::move(record));
        all.files.push_back(&file);
      }
    }
    return all;
  }

  tl::unexpected<Error> missing(const std::string& what) const {
    std::string looked;
    for (const std::string& directory : directories_) looked += (looked.empty() ? "" : ", ") + directory;
    return fail_with_hint(ErrorKind::kNotFound, msg("lab.no_data", what, looked.empty() ? "-" : looked), msg("lab.no_data_hint"));
  }

 private:
  std::string digest_of(const FoundFile& file, const std::string& given) const {
    if (!given.empty()) return given;
    return task_.shipped ? std::string(hub::pinned_digest(file.name)) : std::string();
  }

  Status add_join(const DataJoin& join, const std::string& directory, const Fields& fields, const std::string& path,
                  std::vector<DataRecord>& records) const {
    SLM_TRY(files, find(join.file, fields, directory));
    if (files.size() != 1) {
      SLM_TRY(name, join.file.render(fields));
      return missing(name);
    }
    SLM_TRY(text, read_data_file(files[0], digest_of(files[0], "")));
    if (!join.key.empty()) return add_keyed(join, text, files[0].path, path, records);
    SLM_TRY(further, read_records(text, files[0].path, join.shape, fields));
    if (further.size() != records.size()) {
      return fail(ErrorKind::kCorrupt, "lab.labels_differ", files[0].path, further.size(), path, records.size());
    }
    for (size_t i = 0; i < records.size(); ++i) put_all(further[i].fields, records[i].fields);
    return {};
  }

  static Status add_keyed(const DataJoin& join, const std::string& text, const std::string& joined_path, const std::string& path,
                          std::vector<DataRecord>& records) {
    SLM_TRY(keyed, read_keyed_records(text, joined_path));
    for (DataRecord& record : records) {
      const auto key = record.fields.find(join.key);
      if (key == record.fields.end()) return fail(ErrorKind::kCorrupt, "lab.bad_field", path, record.line, join.key);
      const auto found = keyed.find(key->second.text);
      if (found == keyed.end()) return fail(ErrorKind::kCorrupt, "lab.task.no_such_key", joined_path, key->second.text, path);
      put_all(found->second, record.fields);
    }
    return {};
  }

  const Task& task_;
  const std::vector<std::string>& directories_;
};

Status add_lookups(const Task& task, Fields& fields) {
  for (const Lookup& lookup : task.lookups) {
    const auto by = fields.find(lookup.by);
    if (by == fields.end()) return fail(ErrorKind::kCorrupt, "lab.task.no_such_field", lookup.place, lookup.by);
    const auto found = lookup.values.find(by->second.text);
    if (found == lookup.values.end()) return fail(ErrorKind::kCorrupt, "lab.task.not_looked_up", lookup.place, lookup.by, by->second.text);
    fields[lookup.name] = text_field(found->second);
  }
  return {};
}

Result<TaskItem> item_of(const Task& task, const DataSource& source, DataRecord record, uint32_t position, const std::string& path) {
  TaskItem item;
  item.id = position;
  item.fields = std::move(record.fields);
  if (!source.number.empty()) {
    const auto found = item.fields.find(source.number);
    const auto number = found == item.fields.end() ? std::nullopt : to_number(found->second.text);
    if (!number) return fail(ErrorKind::kCorrupt, "lab.bad_field", path, record.line, source.number);
    item.id = *number;
  }
  SLM_TRY_STATUS(add_lookups(task, item.fields));
  item.name = std::to_string(item.id);
  if (!task.name_of_item.empty()) {
    SLM_TRY(name, task.name_of_item.render(item.fields));
    item.name = std::move(name);
  }
  if (!task.stratum.empty()) {
    SLM_TRY(stratum, task.stratum.render(item.fields));
    item.stratum = std::move(stratum);
  }
  return item;
}

// By rank within each stratum; the k-th of n stands at (k + 1/2) / n, so that any first part holds the strata in proportion.
void put_in_order(std::vector<TaskItem>& items, uint64_t seed) {
  const auto rank_less = [seed](const TaskItem* a, const TaskItem* b) {
    const uint64_t rank_a = item_rank(seed, a->id), rank_b = item_rank(seed, b->id);
    return rank_a != rank_b ? rank_a < rank_b : a->id < b->id;
  };
  std::map<std::string_view, std::vector<TaskItem*>> strata;
  for (TaskItem& item : items) strata[item.stratum].push_back(&item);
  struct Placed {
    uint64_t twice_k_plus_1, n;
    TaskItem* item;
  };
  std::vector<Placed> placed;
  for (auto& [name, members] : strata) {
    std::sort(members.begin(), members.end(), rank_less);
    for (size_t k = 0; k < members.size(); ++k) placed.push_back({2 * k + 1, members.size(), members[k]});
  }
  std::sort(placed.begin(), placed.end(), [&](const Placed& a, const Placed& b) {
    const uint64_t left = a.twice_k_plus_1 * b.n, right = b.twice_k_plus_1 * a.n;  // exact: below 2^64 for 2^31 items
    return left != right ? left < right : rank_less(a.item, b.item);
  });
  std::vector<TaskItem> ordered;
  ordered.reserve(items.size());
  for (const Placed& one : placed) ordered.push_back(std::move(*one.item));
  items = std::move(ordered);
}

Status check_ids_differ(const std::vector<TaskItem>& items, const std::string& path) {
  std::set<uint32_t> seen;
  for (const TaskItem& item : items) {
    if (!seen.insert(item.id).second) return fail(ErrorKind::kCorrupt, "lab.item_twice", path, item.id);
  }
  return {};
}

// ---- Shots

Result<std::vector<Fields>> read_shots(const Task& task, const DataSource& source, const SourceReader& reader,
                                       const std::vector<std::string>& directories, const Fields& fields, uint32_t count) {
  for (const std::string& directory : directories) {
    SLM_TRY(files, reader.find(source.file, fields, directory));
    if (files.empty()) continue;
    SLM_TRY(read, reader.read(source, files, directory, fields));
    if (read.records.size() < count) return fail(ErrorKind::kNotFound, "lab.task.few_shots", read.shown, read.records.size(), count);
    std::vector<Fields> shots;
    for (uint32_t i = 0; i < count; ++i) {
      Fields shot = std::move(read.records[i].fields);
      SLM_TRY_STATUS(add_lookups(task, shot));
      shots.push_back(std::move(shot));
    }
    return shots;
  }
  SLM_TRY(name, source.file.render(fields));
  return reader.missing(name);
}

Status add_shots(RowData& data, const SourceReader& reader, const std::vector<std::string>& directories) {
  const Shots& wanted = data.task->shots;
  if (data.n_shots == 0) return {};
  if (wanted.source) {
    for (const TaskItem& item : data.items) {
      SLM_TRY(file, wanted.source->file.render(item.fields));
      if (data.shots_by_file.contains(file)) continue;
      SLM_TRY(shots, read_shots(*data.task, *wanted.source, reader, directories, item.fields, data.n_shots));
      data.shots_by_file[file] = std::move(shots);
    }
    return {};
  }
  if (!wanted.examples.empty()) {
    if (wanted.examples.size() < data.n_shots) {
      return fail(ErrorKind::kUsage, "lab.task.few_shots", data.task->file, wanted.examples.size(), data.n_shots);
    }
    const Fields of_row = fields_of_row(*data.row);
    for (uint32_t i = 0; i < data.n_shots; ++i) {
      Fields shot = of_row;
      put_all(wanted.examples[i], shot);
      data.shots.push_back(std::move(shot));
    }
    return {};
  }
  if (data.items.size() <= data.n_shots) return fail(ErrorKind::kNotFound, "lab.task.few_shots", data.source, data.items.size(), data.n_shots);
  for (uint32_t i = 0; i < data.n_shots; ++i) data.shots.push_back(data.items[i].fields);
  data.items.erase(data.items.begin(), data.items.begin() + data.n_shots);
  return {};
}

bool has_row(const DataSource& source, const TaskRow& row) {
  return source.rows.empty() || std::find(source.rows.begin(), source.rows.end(), row.id) != source.rows.end();
}

Result<std::string> shot_text(const Task& task, const Fields& fields) {
  if (!task.shots.shot.empty()) return task.shots.shot.render(fields);
  SLM_TRY(text, task.text.render(fields));
  SLM_TRY(endings, endings_of(task, fields));
  return text + task.delimiter + endings.texts[endings.label];
}

tl::unexpected<Error> bad_label(const Task& task, std::string_view label, size_t n) {
  return fail(ErrorKind::kCorrupt, "lab.task.bad_label", task.file, label, n);
}

}  // namespace

Result<RowData> load_row(const Task& task, const TaskRow& row, const std::vector<std::string>& directories, const RowOptions& options) {
  const SourceReader reader(task, directories);
  const Fields of_row = fields_of_row(row);
  for (const std::string& directory : directories) {
    for (const DataSource& source : task.data) {
      if (!has_row(source, row)) continue;
      SLM_TRY(files, reader.find(source.file, of_row, directory));
      if (files.empty()) continue;
      SLM_TRY(read, reader.read(source, files, directory, of_row));
      RowData data;
      data.task = &task;
      data.row = &row;
      data.source = read.shown;
      data.n_shots = options.shots.value_or(task.shots.count);
      for (size_t i = 0; i < read.records.size(); ++i) {
        SLM_TRY(item, item_of(task, source, std::move(read.records[i]), static_cast<uint32_t>(i), read.files[i]->path));
        data.items.push_back(std::move(item));
      }
      SLM_TRY_STATUS(check_ids_differ(data.items, data.source));
      SLM_TRY_STATUS(add_shots(data, reader, directories));
      put_in_order(data.items, options.seed);
      return data;
    }
  }
  std::string what = task.title(language()) + (row.id.empty() ? "" : " (" + row.id + ")");
  for (const DataSource& source : task.data) {
    if (!has_row(source, row)) continue;
    SLM_TRY(file, source.file.render(of_row));
    what += ", " + file;
  }
  return reader.missing(what);
}

Result<std::string> preamble_of(const RowData& data, const TaskItem& item) {
  const Task& task = *data.task;
  SLM_TRY(text, task.description.render(item.fields));
  const std::vector<Fields>* shots = &data.shots;
  if (data.n_shots > 0 && task.shots.source) {
    SLM_TRY(file, task.shots.source->file.render(item.fields));
    shots = &data.shots_by_file.at(file);
  }
  for (const Fields& shot : *shots) {
    SLM_TRY(one, shot_text(task, shot));
    text += one + task.shots.separator;
  }
  return text;
}

Result<Endings> endings_of(const Task& task, const Fields& fields) {
  Endings found;
  if (task.endings.size() == 1) {
    SLM_TRY(texts, task.endings[0].render_list(fields));
    found.texts = std::move(texts);
  } else {
    for (const TextTemplate& ending : task.endings) {
      SLM_TRY(text, ending.render(fields));
      found.texts.push_back(std::move(text));
    }
  }
  SLM_TRY(label, task.label.render(fields));
  const size_t n = found.texts.size();
  const bool any_empty = std::any_of(found.texts.begin(), found.texts.end(), [](const std::string& text) { return text.empty(); });
  if (n < 2 || any_empty) return bad_label(task, label, n);
  std::optional<size_t> at;
  switch (task.label_by) {
    case LabelBy::kNumber: at = to_number(label); break;
    case LabelBy::kLetter:
      if (label.size() == 1 && label[0] >= 'A') at = static_cast<size_t>(label[0] - 'A');
      break;
    case LabelBy::kText: {
      const auto same = std::find(found.texts.begin(), found.texts.end(), label);
      if (same != found.texts.end()) at = static_cast<size_t>(same - found.texts.begin());
      break;
    }
  }
  if (!at || *at >= n) return bad_label(task, label, n);
  found.label = static_cast<uint32_t>(*at);
  return found;
}

}  // namespace slm::lab
