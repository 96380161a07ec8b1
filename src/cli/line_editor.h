// A line typed on a terminal, with editing and history (libedit).
#pragma once

#include <memory>
#include <string>

namespace slm::cli {

class LineEditor {
 public:
  LineEditor();
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Outcome { kLine, kInterrupted, kEnd };
  // `line` comes without its line end. kInterrupted: Ctrl-C, what was typed is thrown away (`line` holds whether anything
  // was: it is empty or not). kEnd: Ctrl-D on an empty line, or the terminal is gone.
  Outcome read(const std::string& prompt, std::string& line);
  void remember(const std::string& line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slm::cli
