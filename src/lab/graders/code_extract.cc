#include "lab/graders/code_extract.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace slm::lab {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(" \t"), line.size()); }

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

bool starts_with_any(std::string_view line, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return line.starts_with(start); });
}

// "def name(" or "name =" at the margin.
bool defines(std::string_view line, std::string_view name) {
  const bool is_function = line.starts_with("def ");
  if (is_function) line.remove_prefix(4);
  line.remove_prefix(indentation(line));
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  line.remove_prefix(indentation(line));
  return is_function ? line.starts_with('(') : line.starts_with('=') && !line.starts_with("==");
}

bool text_defines(std::string_view text, std::string_view name) {
  const auto lines = lines_of(text);
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) { return defines(line, name); });
}

// ---- Fences --------------------------------------------------------------------------------------------------------------------

// What follows the backticks on a fence's line, trimmed; nothing when the line is no fence.
std::optional<std::string_view> fence_info(std::string_view line) {
  line.remove_prefix(indentation(line));
  if (!line.starts_with("```")) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of('`'), line.size()));
  if (line.find('`') != std::string_view::npos) return std::nullopt;  // ```code``` within a line
  line.remove_prefix(indentation(line));
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

// The blocks between fences, without the fences' own indentation. A fence with a language always opens one.
std::vector<std::string> fenced_blocks(std::string_view text) {
  std::vector<std::string> blocks;
  bool inside = false;
  size_t margin = 0;
  for (std::string_view line : lines_of(text)) {
    const auto info = fence_info(line);
    if (info) {
      inside = !inside || !info->empty();
      if (inside) {
        blocks.emplace_back();
        margin = indentation(line);
      }
    } else if (inside) {
      line.remove_prefix(std::min(margin, indentation(line)));
      blocks.back().append(line).append("\n");
    }
  }
  return blocks;
}

std::string_view before_first_fence(std::string_view text) {
  for (std::string_view line : lines_of(text)) {
    if (fence_info(line)) return text.substr(0, static_cast<size_t>(line.data() - text.data()));
  }
  return text;
}

// ---- Code without a fence ------------------------------------------------------------------------------------------------------------

bool ends_with_colon(std::string_view line) {
  const size_t last = line.find_last_not_of(" \t\r");
  return last != std::string_view::npos && line[last] == ':';
}

bool begins_code(std::string_view line) {
  line = line.substr(0, line.find('\n'));
  return (starts_with_any(line, {"def ", "async def "}) && line.find('(') != std::string_view::npos) ||
         (line.starts_with("class ") && ends_with_colon(line)) || starts_with_any(line, {"import ", "@"}) ||
         (line.starts_with("from ") && line.find(" import ") != std::string_view::npos);
}

bool is_assignment(std::string_view line) {
  const size_t name = line.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  return name != 0 && name != std::string_view::npos && starts_with_any(line.substr(name), {" = ", "="});
}

// A line at the margin that can belong to a program.
bool is_code(std::string_view line) {
  const bool opens = starts_with_any(line, {"if ", "for ", "while ", "with ", "try:", "else:", "elif ", "except", "finally:"});
  return begins_code(line) || (opens && ends_with_colon(line)) || is_assignment(line) ||
         starts_with_any(line, {"#", ")", "]", "}", "\"\"\"", "'''"});
}

// The code of `text` from its first line on; empty when it does not define `name`.
std::string code_in_prose(std::string_view text, std::string_view name) {
  std::string code;
  bool defined = false;
  for (std::string_view line : lines_of(text)) {
    if (code.empty() && !begins_code(line) && !defines(line, name)) continue;
    const bool at_margin = !is_blank(line) && indentation(line) == 0;
    if (defined && at_margin && (!is_code(line) || line.starts_with("if __name__"))) break;
    if (!defined && at_margin && !is_code(line)) {
      code.clear();  // prose before the function: what looked like code was none
      continue;
    }
    defined = defined || defines(line, name);
    code.append(line).append("\n");
  }
  return defined ? code : "";
}

// ---- Continuations ---------------------------------------------------------------------------------------------------------------

std::string_view without_blank_lines_before(std::string_view text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || !is_blank(text.substr(0, end))) break;
    text.remove_prefix(end + 1);
  }
  return text;
}

bool begins_indented(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const size_t spaces = indentation(line);
  return !is_blank(line) && (spaces >= 2 || line.starts_with('\t')) && !fence_info(line);
}

// The body that begins `text`, up to the first line that begins something new.
std::string_view body_of(std::string_view text) {
  size_t end = text.size();
  for (const std::string_view stop : {"\nclass", "\ndef", "\n#", "\nif", "\nprint", "```"}) end = std::min(end, text.find(stop));
  return text.substr(0, end);
}

}  // namespace

std::string extract_program(std::string_view answer, std::string_view prompt, std::string_view entry_point) {
  const std::string_view text = without_blank_lines_before(answer);
  const bool prompt_is_head = text_defines(prompt, entry_point);
  if (prompt_is_head && begins_indented(text)) return std::string(prompt) + "\n" + std::string(body_of(text));
  const std::string_view unfenced = before_first_fence(text);
  if (begins_code(unfenced)) {
    if (std::string code = code_in_prose(unfenced, entry_point); !code.empty()) return code;
  }
  const std::vector<std::string> blocks = fenced_blocks(text);
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    if (text_defines(*block, entry_point)) return *block;
  }
  if (std::string code = code_in_prose(unfenced, entry_point); !code.empty()) return code;
  for (auto block = blocks.rbegin(); prompt_is_head && block != blocks.rend(); ++block) {
    const std::string_view body = without_blank_lines_before(*block);
    if (begins_indented(body)) return std::string(prompt) + "\n" + std::string(body_of(body));
  }
  return {};
}

}  // namespace slm::lab
