// The records of a data file, as the fields of items.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/tasks/task.h"

namespace slm::lab {

struct DataRecord {
  Fields fields;
  size_t line = 0;   // where it begins, from 1; in JSON that is no lines: its number, from 1
};

// `fields`: what the shape's paths may name, {{row}} and the like. The further field "line" of JSON lines is the whole line as it stands; Infinity and NaN,
// which Python writes, read as null elsewhere.
// Errors: kCorrupt with file and line.
Result<std::vector<DataRecord>> read_records(std::string_view text, const std::string& path, const RecordShape& shape, const Fields& fields);

// The members of a JSON object, by key: what a join with a key reads. The records' fields are those of each member, an object.
Result<std::map<std::string, Fields, std::less<>>> read_keyed_records(std::string_view text, const std::string& path);

}  // namespace slm::lab
