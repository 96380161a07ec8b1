#include "cli/completion.h"

#include <memory>
#include <set>

#include <CLI/CLI.hpp>

#include "base/message.h"
#include "base/text.h"
#include "hub/catalogue.h"
#include "hub/disk_caches.h"
#include "hub/store.h"

namespace slm::cli {
namespace {

// What may stand after a command: its flags, and the names of its own commands.
std::string words_after(const Command& command) {
  CLI::App app;
  app.set_help_flag("-h,--help", "");
  command.setup(app);
  std::string words = "--json --lang";
  const auto add_flags = [&words](const CLI::App& from) {
    for (const CLI::Option* option : from.get_options()) {
      for (const std::string& name : option->get_lnames()) words += " --" + name;
    }
  };
  add_flags(app);
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    words += " " + child->get_name();
    add_flags(*child);
  }
  return words;
}

std::string command_names() {
  std::string names;
  for (const Command& command : commands()) names += (names.empty() ? "" : " ") + std::string(command.name);
  return names;
}

// The lines "  NAME) words='...' ;;" of a case statement, the same in both shells.
std::string cases() {
  std::string out;
  for (const Command& command : commands()) {
    out += "    " + std::string(command.name) + ") words='" + words_after(command) + "' ;;\n";
  }
  return out;
}

// A colon parts words in bash: names of models are completed after the last one.
std::string bash_script() {
  return R"sh(# bash completion of slm: eval "$(slm completion bash)"
_slm() {
  local word=${COMP_WORDS[COMP_CWORD]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ')sh" +
         command_names() + R"sh( help --json --lang --help --version' -- "$word"))
    return
  fi
  case "${COMP_WORDS[1]}" in
)sh" + cases() + R"sh(  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *)
      local start=$COMP_CWORD
      while [ "$start" -gt 2 ] && { [ "${COMP_WORDS[start]}" = : ] || [ "${COMP_WORDS[start-1]}" = : ]; }; do start=$((start - 1)); done
      local whole
      whole=$(IFS=; echo "${COMP_WORDS[*]:start:COMP_CWORD-start+1}")
      COMPREPLY=($(compgen -W "$words $(slm completion models 2>/dev/null)" -- "$whole"))
      if [ "$whole" != "$word" ]; then
        if [ "$word" = : ]; then COMPREPLY=("${COMPREPLY[@]#"$whole"}"); else COMPREPLY=("${COMPREPLY[@]#"${whole%"$word"}"}"); fi
      fi
      ;;
  esac
}
complete -o default -F _slm slm
)sh";
}

std::string zsh_script() {
  return R"sh(#compdef slm
# zsh completion of slm: eval "$(slm completion zsh)"
_slm() {
  local words_of_line=("${words[@]}") words=
  if (( CURRENT == 2 )); then
    compadd -- )sh" +
         command_names() + R"sh( help --json --lang --help --version
    return
  fi
  case "${words_of_line[2]}" in
)sh" + cases() + R"sh(  esac
  compadd -- ${=words}
  if [[ "${words_of_line[CURRENT]}" != -* ]]; then
    compadd -- ${(f)"$(slm completion models 2>/dev/null)"}
    _files
  fi
}
compdef _slm slm
)sh";
}

std::string model_names() {
  std::set<std::string> names;
  for (const hub::StoredModel& model : hub::Store::open().list()) names.insert(model.name);
  for (const std::string& name : hub::catalogue_names()) names.insert(name);
  for (const hub::CachedModel& model : hub::list_cached_models()) names.insert(printable(model.name));
  std::string out;
  for (const std::string& name : names) out += name + "\n";
  return out;
}

}  // namespace

Run setup_completion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, tr("cli.completion.shell"))->required()->type_name("bash|zsh");
  return [shell](const Context&) -> Status {
    if (*shell == "bash") {
      write_out(bash_script());
    } else if (*shell == "zsh") {
      write_out(zsh_script());
    } else if (*shell == "models") {  // asked by the scripts
      write_out(model_names());
    } else {
      return fail(ErrorKind::kUsage, "cli.completion.unknown_shell", *shell);
    }
    return {};
  };
}

}  // namespace slm::cli
