#include "cli/dispatch.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/help.h"

namespace slm::cli {
namespace {

// The flags every command has, read before anything else: errors and help texts need them.
struct GlobalFlags {
  bool json = false;
  std::optional<std::string> lang;
};

GlobalFlags read_global_flags(const std::vector<std::string>& args) {
  GlobalFlags flags;
  for (size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
    if (args[i] == "--json") flags.json = true;
    if (args[i] == "--lang" && i + 1 < args.size()) flags.lang = args[i + 1];
    if (args[i].starts_with("--lang=")) flags.lang = args[i].substr(7);
  }
  return flags;
}

Status apply_language(const std::optional<std::string>& lang) {
  set_language(language_from_environment());
  if (!lang) return {};
  if (*lang == "zh") {
    set_language(Language::kChinese);
  } else if (*lang == "en") {
    set_language(Language::kEnglish);
  } else {
    return fail(ErrorKind::kUsage, "cli.bad_lang", *lang);
  }
  return {};
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

tl::unexpected<Error> unknown_command(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) names.emplace_back(command.name);
  const auto near = nearest_spelling(name, names);
  return fail_with_hint(ErrorKind::kUsage, msg("cli.unknown_command", name),
                        near ? msg("cli.did_you_mean", "slm " + *near) : msg("cli.see_help", "slm --help"));
}

// The deepest sub-command the arguments named, and how it is called.
const CLI::App& deepest(const CLI::App& app, std::string& path) {
  const std::vector<CLI::App*> parsed = const_cast<CLI::App&>(app).get_subcommands();
  if (parsed.empty()) return app;
  path += " " + parsed.front()->get_name();
  return deepest(*parsed.front(), path);
}

void collect_flags(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
}

tl::unexpected<Error> unknown_arguments(const CLI::App& app, const std::string& path) {
  std::string leaf_path = path;
  const CLI::App& leaf = deepest(app, leaf_path);
  const std::vector<std::string> extras = app.remaining(true);
  const std::string first = extras.empty() ? "" : extras.front();
  const Message see_help = msg("cli.see_help", leaf_path + " --help");
  if (!first.starts_with("-")) {
    std::vector<std::string> children;
    for (const CLI::App* child : leaf.get_subcommands([](const CLI::App*) { return true; })) children.push_back(child->get_name());
    const auto near = nearest_spelling(first, children);
    return fail_with_hint(ErrorKind::kUsage, msg("cli.unexpected_argument", first),
                          near ? msg("cli.did_you_mean", leaf_path + " " + *near) : see_help);
  }
  std::vector<std::string> names;
  collect_flags(app, names);
  if (&leaf != &app) collect_flags(leaf, names);
  const std::string flag = first.substr(0, first.find('='));
  const auto near = nearest_spelling(flag, names);
  return fail_with_hint(ErrorKind::kUsage, msg("cli.unknown_flag", flag), near ? msg("cli.did_you_mean", *near) : see_help);
}

// CLI11's errors carry English sentences; what they name is taken out of them and said from our table.
Error parse_error(const CLI::ParseError& error, const CLI::App& app, const std::string& path) {
  std::string leaf_path = path;
  const CLI::App& leaf = deepest(app, leaf_path);
  const std::string what = error.what(), name = error.get_name();
  const Message see_help = msg("cli.see_help", leaf_path + " --help");
  if (name == "RequiredError") {
    for (const CLI::Option* option : leaf.get_options()) {
      if (option->get_required() && option->count() == 0) {
        return Error{ErrorKind::kUsage, msg("cli.missing_argument", option->get_name()), see_help};
      }
    }
    return Error{ErrorKind::kUsage, msg("cli.missing_command", leaf_path), see_help};
  }
  const std::string subject = what.substr(0, what.find(':'));
  if (name == "ArgumentMismatch") return Error{ErrorKind::kUsage, msg("cli.missing_value", subject), see_help};
  const size_t colon = what.find(": ");
  const std::string detail = colon == std::string::npos ? what : what.substr(colon + 2);
  if (name == "ConversionError") return Error{ErrorKind::kUsage, msg("cli.bad_value", detail), see_help};
  return Error{ErrorKind::kUsage, msg("cli.refused_value", subject, detail), see_help};
}

void add_global_flags(CLI::App& app) {
  // Read beforehand (read_global_flags); known to the parser so that it accepts them anywhere.
  app.add_flag("--json")->description(tr("cli.flag.json"));
  app.add_option("--lang")->description(tr("cli.flag.lang"))->type_name("zh|en")->expected(1);
}

Status run_command(const Command& command, const std::vector<std::string>& args, Context& context) {
  const std::string path = "slm " + std::string(command.name);
  CLI::App app;
  app.name(path);
  app.set_help_flag("-h,--help", tr("cli.flag.help"));
  app.fallthrough();
  app.allow_extras();
  const Run run = command.setup(app);
  add_global_flags(app);
  std::vector<std::string> reversed(args.rbegin(), args.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::string leaf_path = path;
    const CLI::App& leaf = deepest(app, leaf_path);
    write_out(command_help(leaf, leaf_path, &leaf == &app ? tr(command.summary_key) : leaf.get_description()));
    return {};
  } catch (const CLI::ParseError& error) {
    // An unknown flag often is why something else is missing: name it first.
    if (!app.remaining(true).empty()) return unknown_arguments(app, path);
    return tl::unexpected<Error>(parse_error(error, app, path));
  }
  if (!app.remaining(true).empty()) return unknown_arguments(app, path);
  return run(context);
}

Status parse_and_run(const std::vector<std::string>& argv, const GlobalFlags& flags) {
  SLM_TRY_STATUS(apply_language(flags.lang));
  size_t at = 1;
  bool help = false;
  for (; at < argv.size() && argv[at].starts_with("-"); ++at) {
    const std::string& flag = argv[at];
    if (flag == "--json" || flag.starts_with("--lang=")) continue;
    if (flag == "--lang") {
      if (++at == argv.size()) return fail(ErrorKind::kUsage, "cli.missing_value", "--lang");
      continue;
    }
    if (flag == "-h" || flag == "--help") {
      help = true;
      continue;
    }
    if (flag == "--version" || flag == "-v") {
      Context context{flags.json, argv};
      return run_command(*find_command("version"), {}, context);
    }
    const auto near = nearest_spelling(flag, {"--json", "--lang", "--help", "--version"});
    return fail_with_hint(ErrorKind::kUsage, msg("cli.unknown_flag", flag),
                          near ? msg("cli.did_you_mean", *near) : msg("cli.see_help", "slm --help"));
  }
  if (at < argv.size() && argv[at] == "help") {
    help = true;
    ++at;
  }
  if (at == argv.size()) {
    if (!help) return fail_with_hint(ErrorKind::kUsage, msg("cli.no_command"), msg("cli.see_help", "slm --help"));
    write_out(program_help());
    return {};
  }
  const Command* command = find_command(argv[at]);
  if (command == nullptr) return unknown_command(argv[at]);
  std::vector<std::string> rest(argv.begin() + static_cast<ptrdiff_t>(at) + 1, argv.end());
  if (help) rest.insert(rest.begin(), "--help");
  Context context{flags.json, argv};
  return run_command(*command, rest, context);
}

void print_error(const Error& error, bool json) {
  if (json) {
    Json fields;
    fields["kind"] = kind_name(error.kind);
    fields["message"] = error.text(Language::kEnglish);
    fields["hint"] = error.hint_text(Language::kEnglish);
    print_json(Json{{"error", fields}});
    return;
  }
  std::fflush(stdout);
  std::string text = tr("cli.error_prefix", error.text()) + "\n";
  if (!error.hint.empty()) text += tr("cli.hint_prefix", error.hint_text()) + "\n";
  std::fputs(text.c_str(), stderr);
}

}  // namespace

int dispatch(const std::vector<std::string>& argv) {
  const GlobalFlags flags = read_global_flags({argv.begin() + (argv.empty() ? 0 : 1), argv.end()});
  const Status status = parse_and_run(argv, flags);
  if (!status) print_error(status.error(), flags.json);
  const int lost = output_error();
  if (!status) return static_cast<int>(status.error().kind);
  if (lost == 0) return 0;
  // The reader has gone (`slm list | head -1`): no error to tell. A full disk is one.
  if (lost != EPIPE) print_error(Error{ErrorKind::kFailed, msg("cli.stdout_failed", std::strerror(lost)), {}}, false);
  return static_cast<int>(ErrorKind::kFailed);
}

}  // namespace slm::cli
