// Prompts as a task file writes them: text in which {{name}} stands for a field of the item, {{name | filter}} for the field
// changed by a named filter. What is put in is never read as a template again.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"

namespace slm::lab {

// A field of an item: a text, or a list of texts (which reads as its lines).
struct FieldValue {
  std::string text;
  std::vector<std::string> list;
  bool is_list = false;
};
using Fields = std::map<std::string, FieldValue, std::less<>>;
inline FieldValue text_field(std::string text) { return {std::move(text), {}, false}; }

class TextTemplate {
 public:
  TextTemplate() = default;
  // Errors: kCorrupt with the node's place: no text, "{{" without its end, a name that is none, an unknown filter with the nearest.
  static Result<TextTemplate> parse(const YamlNode& node);

  // Errors: kCorrupt with the place of the template: an item without that field (the nearest name as hint).
  Result<std::string> render(const Fields& fields) const;
  // Where the template is one field and nothing else, and that is a list: the list, filters done to each; otherwise the text alone.
  Result<std::vector<std::string>> render_list(const Fields& fields) const;

  bool empty() const { return pieces_.empty(); }
  // The text before the first field.
  std::string_view literal_start() const { return empty() || pieces_.front().is_field ? std::string_view() : std::string_view(pieces_.front().text); }

 private:
  struct Piece {
    std::string text;                 // literal, or the field's name
    bool is_field = false;
    std::vector<size_t> filters;      // numbers in the table of filters
  };
  Status parse_field(std::string_view inside, const YamlNode& node);
  Result<const FieldValue*> find_field(const Piece& piece, const Fields& fields) const;
  static std::string filtered(const Piece& piece, const FieldValue& value);
  std::vector<Piece> pieces_;
  std::string place_;
};

// "strip", "chop" (without the last character), "lettered" (a list as lines "A. ...", "B. ..."), "hellaswag", "hellaswag_context".
std::vector<std::string> template_filter_names();

}  // namespace slm::lab
