#include "lab/tasks/data_records.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace slm::lab {
namespace {

tl::unexpected<Error> wrong_line(const std::string& path, size_t line, const Message& what) {
  return fail(ErrorKind::kCorrupt, "lab.bad_line", path, line, render(what, language()));
}

// ---- JSON

std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : to_text(value);
}

FieldValue field_of(const Json& value) {
  const bool is_list = value.is_array() && !value.empty() &&
                       std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_primitive(); });
  if (!is_list) return text_field(scalar_text(value));
  FieldValue field;
  field.is_list = true;
  for (const Json& item : value) field.list.push_back(scalar_text(item));
  return field;
}

void take_members(const Json& object, Fields& fields) {
  for (const auto& [key, value] : object.items()) fields[key] = field_of(value);
}

// "*.1.*.question" in parts.
std::vector<std::string_view> path_parts(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t point = path.find('.');
    parts.push_back(path.substr(0, point));
    path.remove_prefix(point == std::string_view::npos ? path.size() : point + 1);
  }
  return parts;
}

// The element of a list or object that `part` names; null: none.
const Json* child_of(const Json& value, std::string_view part) {
  if (value.is_object()) {
    const auto found = value.find(std::string(part));
    return found == value.end() ? nullptr : &*found;
  }
  size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool is_index = error == std::errc() && end == part.data() + part.size();
  return value.is_array() && is_index && index < value.size() ? &value[index] : nullptr;
}

// Where an item was found, and which element each "*" on the way stood for.
struct Place {
  const Json* value;
  std::vector<size_t> stars;
};

std::vector<Place> places_of(const Json& root, std::string_view path) {
  std::vector<Place> places = {{&root, {}}};
  for (std::string_view part : path_parts(path)) {
    std::vector<Place> further;
    for (const Place& place : places) {
      if (part == "*") {
        for (size_t i = 0; place.value->is_array() && i < place.value->size(); ++i) {
          further.push_back({&(*place.value)[i], place.stars});
          further.back().stars.push_back(i);
        }
      } else if (const Json* child = child_of(*place.value, part)) {
        further.push_back({child, place.stars});
      }
    }
    places = std::move(further);
  }
  return places;
}

// A path from the root in which the i-th "*" is the element that the item's i-th one was; null: there is no such place.
const Json* resolve(const Json& root, std::string_view path, const std::vector<size_t>& stars) {
  const Json* value = &root;
  size_t star = 0;
  for (std::string_view part : path_parts(path)) {
    if (part == "*") {
      if (star >= stars.size()) return nullptr;
      value = child_of(*value, std::to_string(stars[star++]));
    } else {
      value = child_of(*value, part);
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

Status take_paths(const Json& root, const Place& place, const RecordShape& shape, const Fields& fields, DataRecord& record,
                  const std::string& path) {
  for (const auto& [name, path_template] : shape.paths) {
    SLM_TRY(json_path, path_template.render(fields));
    const Json* found = resolve(root, json_path, place.stars);
    if (found == nullptr) return fail(ErrorKind::kCorrupt, "lab.bad_field", path, record.line, json_path);
    record.fields[name] = field_of(*found);
  }
  return {};
}

// Python writes numbers that JSON does not have. Outside strings they become null here; the field "line" keeps them.
std::string without_infinities(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    std::string_view found;
    for (std::string_view name : {"-Infinity", "Infinity", "NaN"}) {
      if (!in_string && rest.starts_with(name)) found = name;
    }
    if (!found.empty()) {
      out += "null";
      at += found.size();
      continue;
    }
    const bool escapes = in_string && text[at] == '\\' && at + 1 < text.size();
    if (text[at] == '"') in_string = !in_string;
    out.append(text.substr(at, escapes ? 2 : 1));
    at += escapes ? 2 : 1;
  }
  return out;
}

Result<std::vector<DataRecord>> read_json_lines(std::string_view text, const std::string& path, const RecordShape& shape,
                                                const Fields& fields) {
  std::vector<DataRecord> records;
  size_t number = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto value = parse_json(without_infinities(line));
    if (!value) return wrong_line(path, number, value.error().message);
    if (!value->is_object()) return wrong_line(path, number, msg("lab.task.not_object"));
    DataRecord record{{}, number};
    take_members(*value, record.fields);
    record.fields["line"] = text_field(std::string(line));
    SLM_TRY_STATUS(take_paths(*value, {&*value, {}}, shape, fields, record, path));
    records.push_back(std::move(record));
  }
  return records;
}

Result<Json> parse_whole(std::string_view text, const std::string& path) {
  auto root = parse_json(text);
  if (!root) return fail(ErrorKind::kCorrupt, "lab.task.bad_json", path, root.error().text());
  return root;
}

Result<std::vector<DataRecord>> read_json(std::string_view text, const std::string& path, const RecordShape& shape, const Fields& fields) {
  SLM_TRY(root, parse_whole(text, path));
  std::vector<DataRecord> records;
  for (const Place& place : places_of(root, shape.each.empty() ? "*" : shape.each)) {
    DataRecord record{{}, records.size() + 1};
    if (place.value->is_object()) take_members(*place.value, record.fields);
    SLM_TRY_STATUS(take_paths(root, place, shape, fields, record, path));
    records.push_back(std::move(record));
  }
  return records;
}

// ---- Lines and tables

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

// A value under its column's name; one that is there already becomes a list. Columns without a name are passed over.
void take_column(const std::vector<std::string>& columns, size_t column, std::string value, Fields& fields) {
  const std::string& name = columns[column];
  if (name.empty()) return;
  const bool repeats = std::count(columns.begin(), columns.end(), name) > 1;
  if (!repeats) {
    fields[name] = text_field(std::move(value));
    return;
  }
  FieldValue& field = fields[name];
  field.is_list = true;
  field.list.push_back(std::move(value));
}

Result<std::vector<DataRecord>> read_line_groups(std::string_view text, const std::string& path, const RecordShape& shape) {
  const std::vector<std::string_view> lines = split_lines(text);
  const size_t each = shape.columns.size();
  if (lines.size() % each != 0) return fail(ErrorKind::kCorrupt, "lab.lines_per_item", path, lines.size(), each);
  std::vector<DataRecord> records;
  for (size_t at = 0; at < lines.size(); at += each) {
    DataRecord record{{}, at + 1};
    for (size_t i = 0; i < each; ++i) {
      if (lines[at + i].empty()) return fail(ErrorKind::kCorrupt, "lab.bad_field", path, at + i + 1, shape.columns[i]);
      take_column(shape.columns, i, std::string(lines[at + i]), record.fields);
    }
    records.push_back(std::move(record));
  }
  return records;
}

Result<DataRecord> record_of_cells(const std::vector<std::string>& columns, std::vector<std::string> cells, size_t line,
                                   const std::string& path) {
  if (cells.size() != columns.size()) return wrong_line(path, line, msg("lab.task.cells", cells.size(), columns.size()));
  DataRecord record{{}, line};
  for (size_t i = 0; i < cells.size(); ++i) take_column(columns, i, std::move(cells[i]), record.fields);
  return record;
}

Result<std::vector<DataRecord>> read_tsv(std::string_view text, const std::string& path, const RecordShape& shape) {
  std::vector<DataRecord> records;
  const std::vector<std::string_view> lines = split_lines(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    std::vector<std::string> cells;
    for (std::string_view rest = lines[i];;) {
      const size_t tab = rest.find('\t');
      cells.emplace_back(rest.substr(0, tab));
      if (tab == std::string_view::npos) break;
      rest.remove_prefix(tab + 1);
    }
    SLM_TRY(record, record_of_cells(shape.columns, std::move(cells), i + 1, path));
    records.push_back(std::move(record));
  }
  return records;
}

// RFC 4180: cells may be quoted, "" is a quote in them, and lines may end in them.
struct CsvReader {
  std::string_view text;
  const std::string& path;
  size_t at = 0, line = 1;

  bool more() const { return at < text.size(); }

  Result<std::string> quoted() {
    const size_t first_line = line;
    std::string cell;
    for (++at; at < text.size(); ++at) {
      if (text[at] == '\n') ++line;
      if (text[at] != '"') {
        cell += text[at];
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cell += text[at++];
      } else {
        ++at;
        return cell;
      }
    }
    return wrong_line(path, first_line, msg("lab.task.quote_open"));
  }

  // The cells up to the end of the line, which is passed over.
  Result<std::vector<std::string>> row() {
    std::vector<std::string> cells;
    while (true) {
      std::string cell;
      if (at < text.size() && text[at] == '"') {
        SLM_TRY(inside, quoted());
        cell = std::move(inside);
      }
      while (at < text.size() && text[at] != ',' && text[at] != '\n') cell += text[at++];
      const bool ends = at >= text.size() || text[at] == '\n';
      if (ends && cell.ends_with('\r')) cell.pop_back();
      cells.push_back(std::move(cell));
      if (!ends) {
        ++at;
        continue;
      }
      at = std::min(at + 1, text.size());
      ++line;
      return cells;
    }
  }
};

Result<std::vector<DataRecord>> read_csv(std::string_view text, const std::string& path, const RecordShape& shape) {
  CsvReader reader{text, path};
  std::vector<std::string> columns = shape.columns;
  if (columns.empty() && reader.more()) {
    SLM_TRY(header, reader.row());
    columns = std::move(header);
  }
  std::vector<DataRecord> records;
  while (reader.more()) {
    const size_t line = reader.line;
    SLM_TRY(cells, reader.row());
    if (cells.size() == 1 && cells[0].empty()) continue;
    SLM_TRY(record, record_of_cells(columns, std::move(cells), line, path));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

Result<std::vector<DataRecord>> read_records(std::string_view text, const std::string& path, const RecordShape& shape, const Fields& fields) {
  const auto read = [&]() -> Result<std::vector<DataRecord>> {
    switch (shape.format) {
      case DataFormat::kJsonLines: return read_json_lines(text, path, shape, fields);
      case DataFormat::kJson: return read_json(text, path, shape, fields);
      case DataFormat::kCsv: return read_csv(text, path, shape);
      case DataFormat::kTsv: return read_tsv(text, path, shape);
      case DataFormat::kLines: return read_line_groups(text, path, shape);
    }
    return {};
  };
  SLM_TRY(records, read());
  if (records.empty()) return fail(ErrorKind::kCorrupt, "lab.set_empty", path);
  return records;
}

Result<std::map<std::string, Fields, std::less<>>> read_keyed_records(std::string_view text, const std::string& path) {
  SLM_TRY(root, parse_whole(text, path));
  if (!root.is_object()) return fail(ErrorKind::kCorrupt, "lab.task.bad_json", path, tr("lab.task.not_object"));
  std::map<std::string, Fields, std::less<>> keyed;
  for (const auto& [key, value] : root.items()) {
    if (!value.is_object()) return fail(ErrorKind::kCorrupt, "lab.task.bad_json", path, key + ": " + tr("lab.task.not_object"));
    take_members(value, keyed[key]);
  }
  return keyed;
}

}  // namespace slm::lab
