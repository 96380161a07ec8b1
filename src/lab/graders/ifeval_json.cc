#include <vector>

#include "lab/graders/ifeval_text.h"

namespace slm::lab::ifeval {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_one_value() {
    // Brackets open around the place: true is an object. Values between them are read in a loop, not by recursion.
    std::vector<bool> open;
    for (;;) {
      if (!begin_value(open)) return false;
      if (value_goes_on_) continue;
      while (!open.empty()) {
        skip_space();
        if (take(',')) {
          if (open.back() && !read_name()) return false;
          break;
        }
        if (!take(open.back() ? '}' : ']')) return false;
        open.pop_back();
      }
      if (open.empty()) break;
    }
    skip_space();
    return at_ == text_.size();
  }

 private:
  // A scalar, an empty list or object, or the beginning of a list or object up to its first value (then value_goes_on_).
  bool begin_value(std::vector<bool>& open) {
    value_goes_on_ = false;
    skip_space();
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
      case '{':
        ++at_;
        skip_space();
        if (take('}')) return true;
        open.push_back(true);
        value_goes_on_ = true;
        return read_name();
      case '[':
        ++at_;
        skip_space();
        if (take(']')) return true;
        open.push_back(false);
        value_goes_on_ = true;
        return true;
      case '"':
        return read_string();
      default:
        return read_word() || read_number();
    }
  }

  // "name": of an object.
  bool read_name() {
    skip_space();
    if (!read_string()) return false;
    skip_space();
    return take(':');
  }

  bool read_string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !read_escape()) return false;
    }
    return false;
  }

  bool read_escape() {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == text_.size() || std::string_view("0123456789abcdefABCDEF").find(text_[at_]) == std::string_view::npos) return false;
    }
    return true;
  }

  bool read_word() {
    for (std::string_view word : {"true", "false", "null", "NaN", "Infinity", "-Infinity"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return true;
    }
    return false;
  }

  bool read_number() {
    take('-');
    if (!take('0') && !skip_digits()) return false;
    // A point or an exponent without digits is not part of the number, and then nothing that may follow one.
    const size_t whole = at_;
    if (take('.') && !skip_digits()) at_ = whole;
    const size_t mantissa = at_;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!skip_digits()) at_ = mantissa;
    }
    return true;
  }

  bool skip_digits() {
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool value_goes_on_ = false;
};

}  // namespace

bool is_python_json(std::string_view text) { return Reader(text).is_one_value(); }

}  // namespace slm::lab::ifeval
