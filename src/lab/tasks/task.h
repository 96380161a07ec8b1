// An evaluation as data: where its items lie, how a model is asked, how an answer is graded. docs/formats/task.md is the format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/result.h"
#include "lab/graders/grader.h"
#include "lab/tasks/text_template.h"

namespace slm::lab {

enum class TaskKind : uint8_t {
  kGenerate,  // the model writes, a grader reads
  kChoices,   // the likeliest of the endings is the answer
  kBits,      // bits the model needs for the item's text
};
std::string_view task_kind_name(TaskKind kind);  // "generate", "choices", "bits"

enum class DataFormat : uint8_t { kJsonLines, kJson, kCsv, kTsv, kLines };

// How the records of a file are read.
struct RecordShape {
  DataFormat format = DataFormat::kJsonLines;
  std::vector<std::string> columns;             // of kTsv and kLines (as many lines an item); of kCsv where it has no header. A name that
                                                // stands there again makes a list
  std::string each;                             // kJson: where the items are, "*.1.*"; "": the whole is a list of items
  std::vector<std::pair<std::string, TextTemplate>> paths;  // further fields: "document" -> "*.0"
};

// Fields that another file holds: its record of the same position, or, with `key`, the member of its JSON object that the item's field
// names.
struct DataJoin {
  TextTemplate file;
  RecordShape shape;
  std::string key;
};

// One place the items may lie; of several, the first that is there is read.
struct DataSource {
  TextTemplate file;                            // below a data directory; a row's values may stand in it; * in its last part
  std::string sha256;                           // "" : of a shipped task the pinned one (hub/data/data_sets.h)
  RecordShape shape;
  std::vector<DataJoin> joins;
  std::string number;                           // field with the item's number in its maker's file; "": items are counted from 0
  std::vector<std::string> rows;                // rows it has; empty: all
};

// Worked examples before the question, for a model that continues text.
struct Shots {
  uint32_t count = 0;
  TextTemplate shot;                            // one of them; empty: the prompt's text and the right ending
  std::string separator = "\n\n";
  std::vector<Fields> examples;                 // written in the task file
  std::optional<DataSource> source;             // of the item's own fields may be in its file's name
  // Neither: the first `count` items of the data, which are then not scored.
  bool takes_items() const { return examples.empty() && !source; }
};

// A reading of the answers that a comparison gives a row of its own.
struct ComparedReading {
  const Grader* grader = nullptr;               // of Task::also; null: is the answer in the language asked for
  std::string id;                               // of the row, behind the task's name
  std::string title_en, title_zh;
};

// A line of the table: a language, a part. A task without `rows` has one with the id "".
struct TaskRow {
  std::string id;
  std::string language;                         // ISO 639-1 where there is one; ""
  std::string title_en, title_zh;
  std::map<std::string, std::string> values;    // fields of every item of the row
};

// {{name}} made from the field `by` by a table.
struct Lookup {
  std::string name, by;
  std::map<std::string, std::string, std::less<>> values;
  std::string place;
};

enum class LabelBy : uint8_t { kNumber, kLetter, kText };  // 0, A, the ending itself

struct Task {
  std::string file;                             // where it was read, for people
  bool shipped = false;
  std::string name, table, license, source;
  std::string title_en, title_zh;
  TaskKind kind = TaskKind::kGenerate;
  std::vector<DataSource> data;
  std::vector<TaskRow> rows;                    // never empty
  std::string twins;                            // row that has the same items as every other, under the same numbers; "": none is said to
  std::vector<Lookup> lookups;
  TextTemplate name_of_item;                    // empty: its number
  TextTemplate stratum;                         // empty: none

  TextTemplate chat, system, text;              // the user's turn; the system's; what is continued. Empty: not there
  TextTemplate description;                     // before the shots, once
  Shots shots;
  uint32_t max_tokens = 512;
  std::vector<std::string> stop;                // of text that is continued
  const Grader* grader = nullptr;               // of kGenerate, never null there
  std::vector<const Grader*> also;              // further readings of the same answer
  std::vector<std::string> mean;                // of `grader` and `also`: the mean of their scores is a score too. Empty: none is
  std::vector<ComparedReading> compared;
  TextTemplate reference;
  TextTemplate answer_language;                 // an answer in another one is marked "wrong_language"

  std::vector<TextTemplate> endings;            // kChoices: one template that is a list, or one an ending
  TextTemplate label;                           // the right one
  LabelBy label_by = LabelBy::kNumber;
  bool by_length = true;                        // the likeliest a character (acc_norm), else the likeliest (acc)
  std::string delimiter = " ";                  // between context and ending
  std::optional<double> chance;                 // rate right by guessing; of kChoices made from the endings where not given

  const std::string& title(Language in) const { return in == Language::kChinese ? title_zh : title_en; }
  // Null when there is none of that id.
  const TaskRow* find_row(std::string_view id) const;
};

// Errors: kCorrupt with file, line and column: what YAML refuses, unknown keys with the nearest, a key that is missing or that the kind
// does not take, an unknown grader.
Result<Task> parse_task(std::string_view yaml, std::string_view file);
Result<Task> read_task(const std::string& path);

// The tasks that come with the program (data/tasks), by name.
Result<std::vector<Task>> shipped_tasks();
// Ends in .yaml or .yml, or holds a slash.
bool names_a_task_file(const std::string& name);
// The shipped task of that name, or the task of the file that it names. Errors: kNotFound with
// the nearest name, those of read_task().
Result<Task> find_task(const std::string& name_or_path);
// The folders that its data lie in, below a data directory: "flores" of "flores/{{code}}.devtest". The data sets that it needs.
std::vector<std::string> data_folders(const Task& task);

}  // namespace slm::lab
