#include "lab/tasks/text_template.h"

#include <algorithm>

#include "base/text.h"
#include "lab/datasets.h"
#include "lab/graders/ascii_text.h"

namespace slm::lab {
namespace {

std::string joined_lines(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : "\n") + item;
  return text;
}

std::string plain_text(const FieldValue& value) { return value.is_list ? joined_lines(value.list) : value.text; }

std::string chop(std::string text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
  return text;
}

std::string lettered(const FieldValue& value) {
  std::vector<std::string> lines;
  const std::vector<std::string> items = value.is_list ? value.list : std::vector<std::string>{value.text};
  for (size_t i = 0; i < items.size() && i < 26; ++i) lines.push_back(std::string(1, static_cast<char>('A' + i)) + ". " + items[i]);
  return joined_lines(lines);
}

struct Filter {
  std::string_view name;
  std::string (*change)(const FieldValue& value);
};
constexpr Filter kFilters[] = {
    {"strip", [](const FieldValue& value) { return std::string(trimmed(plain_text(value))); }},
    {"chop", [](const FieldValue& value) { return chop(plain_text(value)); }},
    {"lettered", lettered},
    {"hellaswag", [](const FieldValue& value) { return clean_hellaswag(plain_text(value)); }},
    {"hellaswag_context", [](const FieldValue& value) { return hellaswag_context(plain_text(value)); }},
};

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Message nearest_hint(std::string_view word, const std::vector<std::string>& known) {
  const auto near = nearest_spelling(word, known);
  return near ? msg("lab.task.did_you_mean", *near) : Message{};
}

tl::unexpected<Error> wrong_with_hint(Message message, Message hint) {
  return fail_with_hint(ErrorKind::kCorrupt, std::move(message), std::move(hint));
}

}  // namespace

std::vector<std::string> template_filter_names() {
  std::vector<std::string> names;
  for (const Filter& filter : kFilters) names.emplace_back(filter.name);
  return names;
}

Status TextTemplate::parse_field(std::string_view inside, const YamlNode& node) {
  Piece piece;
  piece.is_field = true;
  size_t bar = inside.find('|');
  piece.text = trimmed(inside.substr(0, bar));
  if (!is_name(piece.text)) return node.wrong("lab.task.bad_field_name", inside);
  while (bar != std::string_view::npos) {
    inside.remove_prefix(bar + 1);
    bar = inside.find('|');
    const std::string_view wanted = trimmed(inside.substr(0, bar));
    const Filter* found = std::find_if(std::begin(kFilters), std::end(kFilters), [&](const Filter& filter) { return filter.name == wanted; });
    if (found == std::end(kFilters)) {
      return wrong_with_hint(msg("lab.task.no_filter", node.place(), wanted), nearest_hint(wanted, template_filter_names()));
    }
    piece.filters.push_back(static_cast<size_t>(found - kFilters));
  }
  pieces_.push_back(std::move(piece));
  return {};
}

Result<TextTemplate> TextTemplate::parse(const YamlNode& node) {
  SLM_TRY(text, node.as_string());
  TextTemplate parsed;
  parsed.place_ = node.place();
  for (std::string_view rest = text; !rest.empty();) {
    const size_t open = rest.find("{{");
    if (const std::string_view literal = rest.substr(0, open); !literal.empty()) parsed.pieces_.push_back({std::string(literal), false, {}});
    if (open == std::string_view::npos) break;
    const size_t close = rest.find("}}", open);
    if (close == std::string_view::npos) return node.wrong("lab.task.braces_open");
    SLM_TRY_STATUS(parsed.parse_field(rest.substr(open + 2, close - open - 2), node));
    rest.remove_prefix(close + 2);
  }
  return parsed;
}

Result<const FieldValue*> TextTemplate::find_field(const Piece& piece, const Fields& fields) const {
  const auto found = fields.find(piece.text);
  if (found != fields.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [name, value] : fields) known.push_back(name);
  return wrong_with_hint(msg("lab.task.no_such_field", place_, piece.text), nearest_hint(piece.text, known));
}

std::string TextTemplate::filtered(const Piece& piece, const FieldValue& value) {
  if (piece.filters.empty()) return plain_text(value);
  std::string text = kFilters[piece.filters.front()].change(value);
  for (size_t i = 1; i < piece.filters.size(); ++i) text = kFilters[piece.filters[i]].change(text_field(std::move(text)));
  return text;
}

Result<std::string> TextTemplate::render(const Fields& fields) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (!piece.is_field) {
      text += piece.text;
      continue;
    }
    SLM_TRY(value, find_field(piece, fields));
    text += filtered(piece, *value);
  }
  return text;
}

Result<std::vector<std::string>> TextTemplate::render_list(const Fields& fields) const {
  if (pieces_.size() == 1 && pieces_[0].is_field) {
    SLM_TRY(value, find_field(pieces_[0], fields));
    if (value->is_list) {
      std::vector<std::string> texts;
      for (const std::string& item : value->list) texts.push_back(filtered(pieces_[0], text_field(item)));
      return texts;
    }
  }
  SLM_TRY(text, render(fields));
  return std::vector<std::string>{std::move(text)};
}

}  // namespace slm::lab
