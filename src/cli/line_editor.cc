#include "cli/line_editor.h"

#include <cerrno>
#include <cstdio>
#include <cwchar>
#include <unistd.h>

#include <histedit.h>

#include "cli/command.h"

namespace slm::cli {
namespace {

constexpr int kHistoryLines = 1000;

}  // namespace

struct LineEditor::Impl {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string prompt;
  bool cut_off = false;  // the last read ended by Ctrl-C

  static Impl& of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Impl*>(data);
  }
  static char* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  // One character from the terminal. libedit's own reader goes on after an interrupted read; this one ends the line.
  static int read_character(EditLine* editor, wchar_t* out) {
    std::mbstate_t state = {};
    for (;;) {
      char byte = 0;
      const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
      if (n < 0 && errno == EINTR) {
        if (!interrupted()) continue;
        of(editor).cut_off = true;
        return 0;
      }
      if (n <= 0) return 0;
      const size_t used = std::mbrtowc(out, &byte, 1, &state);
      if (used == static_cast<size_t>(-2)) continue;  // more bytes to come
      if (used == static_cast<size_t>(-1)) {
        state = {};
        continue;  // not UTF-8: dropped
      }
      return 1;
    }
  }
};

LineEditor::LineEditor() : impl_(std::make_unique<Impl>()) {
  FILE* out = isatty(STDOUT_FILENO) ? stdout : stderr;
  impl_->editor = el_init("slm", stdin, out, stderr);
  impl_->history = history_init();
  if (impl_->editor == nullptr || impl_->history == nullptr) return;
  HistEvent event;
  history(impl_->history, &event, H_SETSIZE, kHistoryLines);
  history(impl_->history, &event, H_SETUNIQUE, 1);
  el_set(impl_->editor, EL_CLIENTDATA, impl_.get());
  el_set(impl_->editor, EL_PROMPT, &Impl::show_prompt);
  el_set(impl_->editor, EL_EDITOR, "emacs");
  el_set(impl_->editor, EL_HIST, history, impl_->history);
  el_set(impl_->editor, EL_GETCFN, &Impl::read_character);
  el_set(impl_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineEditor::~LineEditor() {
  if (impl_->editor != nullptr) el_end(impl_->editor);
  if (impl_->history != nullptr) history_end(impl_->history);
}

LineEditor::Outcome LineEditor::read(const std::string& prompt, std::string& line) {
  line.clear();
  if (impl_->editor == nullptr || impl_->history == nullptr) return Outcome::kEnd;
  impl_->prompt = prompt;
  impl_->cut_off = false;
  interrupted() = false;
  int length = 0;
  const char* typed = el_gets(impl_->editor, &length);
  if (impl_->cut_off || interrupted()) {
    const LineInfo* info = el_line(impl_->editor);
    line.assign(info->buffer, info->lastchar);
    el_reset(impl_->editor);
    interrupted() = false;
    return Outcome::kInterrupted;
  }
  if (typed == nullptr || length <= 0) return Outcome::kEnd;
  line.assign(typed, static_cast<size_t>(length));
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  return Outcome::kLine;
}

void LineEditor::remember(const std::string& line) {
  HistEvent event;
  if (impl_->history != nullptr) history(impl_->history, &event, H_ENTER, line.c_str());
}

}  // namespace slm::cli
