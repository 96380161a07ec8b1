#include "cli/help.h"

#include <algorithm>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/message.h"
#include "base/text.h"
#include "base/wrap_text.h"
#include "cli/command.h"

namespace slm::cli {
namespace {

struct Row {
  std::string left, right;
};

// `text` in lines of at most `columns`, those after the first indented.
std::string wrapped(std::string_view text, size_t columns, size_t indent) {
  std::string out;
  for (const std::string& line : wrap_text(text, columns)) out += (out.empty() ? "" : "\n" + std::string(indent, ' ')) + line;
  return out;
}

// Two columns within 80; a left side that is too long stands on a line of its own.
std::string table(const std::vector<Row>& rows) {
  constexpr size_t kMostLeft = 24, kColumns = 80;
  size_t left = 0;
  for (const Row& row : rows) {
    const size_t width = display_width(row.left);
    if (width <= kMostLeft) left = std::max(left, width);
  }
  std::string out;
  for (const Row& row : rows) {
    const bool fits = display_width(row.left) <= left;
    out += "  " + (fits ? pad_right(row.left, left) : row.left + "\n  " + std::string(left, ' ')) + "  ";
    out += wrapped(row.right, kColumns - left - 4, left + 4) + "\n";
  }
  return out;
}

std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  if (option.get_items_expected_max() > 0 && !option.get_type_name().empty()) names += " " + option.get_type_name();
  return names;
}

std::string positional_name(const CLI::Option& option) {
  const std::string name = option.get_name(true, false);
  return option.get_required() ? name : "[" + name + "]";
}

}  // namespace

std::string program_help() {
  std::string out = tr("cli.usage") + " slm " + tr("cli.command_word") + " ...\n\n" + tr("cli.about") + "\n\n" +
                    tr("cli.commands_heading") + "\n";
  std::vector<Row> rows;
  for (const Command& command : commands()) rows.push_back({std::string(command.name), tr(command.summary_key)});
  out += table(rows) + "\n" + tr("cli.flags_heading") + "\n";
  out += table({{"--json", tr("cli.flag.json")}, {"--lang zh|en", tr("cli.flag.lang")}, {"-h, --help", tr("cli.flag.help")}});
  return out + "\n" + tr("cli.more_help") + "\n";
}

std::string command_help(const CLI::App& app, const std::string& path, std::string_view summary) {
  std::string usage = path;
  std::vector<Row> positionals, flags, children;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && !option->nonpositional()) {
      usage += " " + positional_name(*option);
      positionals.push_back({option->get_name(true, false), option->get_description()});
    } else if (option->nonpositional()) {
      flags.push_back({option_names(*option), option->get_description()});
    }
  }
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    children.push_back({child->get_name(), child->get_description()});
  }
  if (!children.empty()) usage += " " + tr("cli.command_word");
  std::string out = tr("cli.usage") + " " + usage + "\n\n" + std::string(summary) + "\n";
  if (!positionals.empty()) out += "\n" + tr("cli.arguments_heading") + "\n" + table(positionals);
  if (!children.empty()) out += "\n" + tr("cli.commands_heading") + "\n" + table(children);
  if (!flags.empty()) out += "\n" + tr("cli.flags_heading") + "\n" + table(flags);
  return out;
}

}  // namespace slm::cli
