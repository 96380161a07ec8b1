#include "hub/html_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace slm::hub {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "amp", "#39", "#x27" -> text; "" when unknown.
std::string entity(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}, {"ldquo", "\""}, {"rdquo", "\""},
      {"lsquo", "'"}, {"rsquo", "'"}, {"ndash", "-"}, {"mdash", "--"}, {"hellip", "..."}, {"copy", "(c)"}, {"reg", "(R)"},
  };
  for (const auto& [known, text] : kNamed) {
    if (name == known) return std::string(text);
  }
  if (!name.starts_with('#')) return {};
  name.remove_prefix(1);
  const bool hex = name.starts_with('x') || name.starts_with('X');
  if (hex) name.remove_prefix(1);
  uint32_t code_point = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code_point, hex ? 16 : 10);
  if (error != std::errc() || end != name.data() + name.size() || code_point < 0x20) return {};
  std::string out;
  append_utf8(out, code_point);
  return out;
}

// Collects words into wrapped paragraphs.
class Paragraphs {
 public:
  explicit Paragraphs(size_t columns) : columns_(columns) {}

  void add(std::string_view characters) {
    for (const char c : characters) {
      if (std::isspace(static_cast<unsigned char>(c))) end_word();
      else word_ += c;
    }
  }
  // Ends the paragraph; the next one begins with `bullet`.
  void end_block(std::string_view bullet = "") {
    end_word();
    if (!line_.empty() && line_ != bullet_) out_ += line_ + "\n\n";
    line_ = bullet_ = bullet;
    width_ = bullet.size();
  }
  std::string text() {
    end_block();
    while (out_.ends_with("\n\n")) out_.pop_back();
    return std::move(out_);
  }

 private:
  void end_word() {
    if (word_.empty()) return;
    const size_t width = display_width(word_);
    const bool first = line_.empty() || line_ == bullet_;
    if (!first && width_ + 1 + width > columns_) {
      out_ += line_ + "\n";
      line_ = std::string(bullet_.size(), ' ') + word_;
      width_ = bullet_.size() + width;
    } else {
      line_ += (first ? "" : " ") + word_;
      width_ += (first ? 0 : 1) + width;
    }
    word_.clear();
  }

  const size_t columns_;
  std::string out_, line_, word_, bullet_;
  size_t width_ = 0;
};

// The part of the page that is its text.
std::string_view body_of(std::string_view html, const std::string& lowered) {
  const size_t heading = lowered.find("<h1");
  if (heading == std::string::npos) return html;
  size_t end = lowered.find("</article", heading);
  if (end == std::string::npos) end = lowered.find("</main", heading);
  return html.substr(heading, end == std::string::npos ? end : end - heading);
}

}  // namespace

std::string html_to_text(std::string_view html, size_t columns) {
  const std::string valid = to_valid_utf8(html), lowered = lower(valid);
  const std::string_view body = body_of(valid, lowered);
  const std::string body_lowered = lower(body);
  Paragraphs out(columns);
  for (size_t i = 0; i < body.size();) {
    if (body.compare(i, 4, "<!--") == 0) {
      const size_t end = body.find("-->", i);
      i = end == std::string_view::npos ? body.size() : end + 3;
    } else if (body[i] == '<') {
      const size_t end = std::min(body.find('>', i), body.size());
      size_t name_end = i + 1;
      while (name_end < end && (std::isalnum(static_cast<unsigned char>(body[name_end])) || body[name_end] == '/')) ++name_end;
      const std::string name = body_lowered.substr(i + 1, name_end - i - 1);
      i = std::min(end + 1, body.size());
      if (is_one_of(name, {"script", "style", "button", "svg", "nav"})) {  // with all that is in it
        const size_t close = body_lowered.find("</" + name, i);
        i = close == std::string::npos ? body.size() : close;
      } else if (name == "li") {
        out.end_block("  * ");
      } else if (is_one_of(name, {"p", "/p", "div", "/div", "br", "br/", "/li", "/ul", "ol", "/ol", "h1", "/h1", "h2", "/h2", "h3", "/h3",
                                  "h4", "/h4", "tr", "/tr", "aside", "/aside", "section", "/section"})) {
        out.end_block();
      }
    } else if (body[i] == '&') {
      const size_t end = body.substr(0, std::min(body.size(), i + 12)).find(';', i);
      const std::string text = end == std::string_view::npos ? "" : entity(body.substr(i + 1, end - i - 1));
      out.add(text.empty() ? "&" : text);
      i = text.empty() ? i + 1 : end + 1;
    } else {
      out.add(body.substr(i, 1));
      ++i;
    }
  }
  return out.text();
}

}  // namespace slm::hub
