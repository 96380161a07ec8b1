#include "base/yaml.h"

#include <yaml.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/files.h"
#include "base/limits.h"
#include "base/text.h"

namespace slm {
namespace {

std::string place_of(const std::string& file, size_t line, size_t column) { return fmt::format("{}:{}:{}", file, line, column); }

// A text from the file as a complaint shows it.
std::string shown(std::string_view text) {
  constexpr size_t kMostColumns = 60;
  std::string out = printable(text);
  return display_width(out) <= kMostColumns ? out : pad_right(out, kMostColumns);
}

// The place of byte `offset` of `text`: lines and characters from 1.
std::string place_of_byte(const std::string& file, std::string_view text, size_t offset) {
  size_t line = 1, column = 1;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return place_of(file, line, column);
}

// libyaml's parser and its current event, freed with this.
class Events {
 public:
  Events(std::string_view text, std::shared_ptr<const std::string> file) : text_(text), file_(std::move(file)) {
    initialized_ = yaml_parser_initialize(&parser_) != 0;
    if (!initialized_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
  }
  ~Events() {
    clear_event();
    if (initialized_) yaml_parser_delete(&parser_);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // The next event, valid until the next call.
  Result<const yaml_event_t*> next() {
    clear_event();
    if (!initialized_ || yaml_parser_parse(&parser_, &event_) == 0) return syntax_error();
    has_event_ = true;
    return &event_;
  }

 private:
  void clear_event() {
    if (has_event_) yaml_event_delete(&event_);
    has_event_ = false;
  }

  tl::unexpected<Error> syntax_error() const {
    const char* problem = initialized_ && parser_.problem != nullptr ? parser_.problem : "out of memory";
    if (initialized_ && parser_.error == YAML_READER_ERROR) {  // a character YAML does not allow
      return fail(ErrorKind::kCorrupt, "base.yaml_syntax", place_of_byte(*file_, text_, parser_.problem_offset), problem);
    }
    const yaml_mark_t mark = initialized_ ? parser_.problem_mark : yaml_mark_t{};
    return fail(ErrorKind::kCorrupt, "base.yaml_syntax", place_of(*file_, mark.line + 1, mark.column + 1), problem);
  }

  std::string_view text_;
  std::shared_ptr<const std::string> file_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  bool initialized_ = false;
  bool has_event_ = false;
};

// The tree under construction: the open collections, outermost first.
class Builder {
 public:
  explicit Builder(std::shared_ptr<const std::string> file) : file_(std::move(file)) {}

  Status take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (std::exchange(has_document_, true)) return wrong(event, "base.yaml_second_document");
        return {};
      case YAML_ALIAS_EVENT: return wrong(event, "base.yaml_alias");
      case YAML_SCALAR_EVENT: return take_scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return open(event, YamlNode::Kind::kSequence, event.data.sequence_start.anchor, event.data.sequence_start.tag);
      case YAML_MAPPING_START_EVENT:
        return open(event, YamlNode::Kind::kMapping, event.data.mapping_start.anchor, event.data.mapping_start.tag);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: return close();
      default: return {};
    }
  }

  YamlNode take_root() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    std::unordered_set<std::string> keys;  // of a mapping
    std::optional<YamlEntry> entry;        // a key that waits for its value
  };

  template <class... Args>
  tl::unexpected<Error> wrong(const yaml_event_t& event, std::string_view key, const Args&... args) const {
    return fail(ErrorKind::kCorrupt, key, place_of(*file_, event.start_mark.line + 1, event.start_mark.column + 1), args...);
  }

  Status admit(const yaml_event_t& event, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr) return wrong(event, "base.yaml_alias");
    if (tag != nullptr) return wrong(event, "base.yaml_tag");
    if (++nodes_ > limits::kYamlMaxNodes) return wrong(event, "base.yaml_too_many", limits::kYamlMaxNodes);
    return {};
  }

  YamlNode node_at(const yaml_event_t& event, YamlNode::Kind kind) const {
    YamlNode node;
    node.kind = kind;
    node.line = event.start_mark.line + 1;
    node.column = event.start_mark.column + 1;
    node.file = file_;
    return node;
  }

  bool waits_for_key() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::kMapping && !open_.back().entry.has_value();
  }

  Status open(const yaml_event_t& event, YamlNode::Kind kind, const yaml_char_t* anchor, const yaml_char_t* tag) {
    SLM_TRY_STATUS(admit(event, anchor, tag));
    if (waits_for_key()) return wrong(event, "base.yaml_key");
    if (open_.size() >= limits::kYamlMaxDepth) return wrong(event, "base.yaml_too_deep", limits::kYamlMaxDepth);
    open_.push_back({node_at(event, kind), {}, std::nullopt});
    return {};
  }

  Status take_scalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    SLM_TRY_STATUS(admit(event, scalar.anchor, scalar.tag));
    YamlNode node = node_at(event, YamlNode::Kind::kScalar);
    node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    node.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (node.text.find('\0') != std::string::npos) return wrong(event, "base.yaml_nul");
    if (!waits_for_key()) return attach(std::move(node));
    Open& mapping = open_.back();
    if (node.is_null()) return wrong(event, "base.yaml_key");
    if (!mapping.keys.insert(node.text).second) return wrong(event, "base.yaml_duplicate", shown(node.text));
    mapping.entry = YamlEntry{std::move(node.text), node.line, node.column, {}};
    return {};
  }

  Status close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    return attach(std::move(node));
  }

  // Puts a finished node where it belongs.
  Status attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (Open& parent = open_.back(); parent.node.kind == YamlNode::Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else {
      parent.entry->value = std::move(node);
      parent.node.entries.push_back(std::move(*parent.entry));
      parent.entry.reset();
    }
    return {};
  }

  std::shared_ptr<const std::string> file_;
  std::vector<Open> open_;
  YamlNode root_;
  size_t nodes_ = 0;
  bool has_document_ = false;
};

// What stands where something else was expected, in signs that need no language.
std::string found_in(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kScalar: return "\"" + shown(node.text) + "\"";
    case YamlNode::Kind::kSequence: return "[...]";
    case YamlNode::Kind::kMapping: return "{...}";
  }
  return {};
}

// `node` unless it is of another kind.
Result<const YamlNode*> of_kind(const YamlNode& node, YamlNode::Kind kind) {
  if (node.kind == kind) return &node;
  return node.wrong(kind == YamlNode::Kind::kSequence ? "base.yaml_need_list" : "base.yaml_need_mapping", found_in(node));
}

}  // namespace

std::string YamlNode::place() const { return place_of(*file, line, column); }

bool YamlNode::is_null() const { return kind == Kind::kScalar && plain && (text.empty() || text == "~" || text == "null"); }

Result<std::string> YamlNode::as_string() const {
  if (kind != Kind::kScalar || is_null()) return wrong("base.yaml_need_text", found_in(*this));
  return text;
}

Result<double> YamlNode::as_number() const {
  double value = 0;
  const char* const end = text.data() + text.size();
  if (kind == Kind::kScalar && plain && !text.empty()) {
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && stop == end && std::isfinite(value)) return value;
  }
  return wrong("base.yaml_need_number", found_in(*this));
}

Result<int64_t> YamlNode::as_integer(int64_t least, int64_t most) const {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  if (kind != Kind::kScalar || !plain || text.empty()) return wrong("base.yaml_need_integer", found_in(*this));
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return wrong("base.yaml_need_integer", found_in(*this));
  if (value < least || value > most) return wrong("base.yaml_range", value, least, most);
  return value;
}

Result<bool> YamlNode::as_bool() const {
  if (kind == Kind::kScalar && plain && text == "true") return true;
  if (kind == Kind::kScalar && plain && text == "false") return false;
  return wrong("base.yaml_need_bool", found_in(*this));
}

Result<std::vector<std::string>> YamlNode::as_strings() const {
  SLM_TRY_STATUS(of_kind(*this, Kind::kSequence));
  std::vector<std::string> out;
  for (const YamlNode& item : items) {
    SLM_TRY(value, item.as_string());
    out.push_back(std::move(value));
  }
  return out;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Result<const YamlNode*> YamlNode::need(std::string_view key) const {
  SLM_TRY_STATUS(of_kind(*this, Kind::kMapping));
  if (const YamlNode* found = find(key)) return found;
  return wrong("base.yaml_missing", key);
}

Result<const YamlNode*> YamlNode::need_sequence(std::string_view key) const {
  SLM_TRY(node, need(key));
  return of_kind(*node, Kind::kSequence);
}

Result<const YamlNode*> YamlNode::need_mapping(std::string_view key) const {
  SLM_TRY(node, need(key));
  return of_kind(*node, Kind::kMapping);
}

Result<std::string> YamlNode::need_string(std::string_view key) const {
  SLM_TRY(node, need(key));
  return node->as_string();
}

Result<double> YamlNode::need_number(std::string_view key) const {
  SLM_TRY(node, need(key));
  return node->as_number();
}

Result<int64_t> YamlNode::need_integer(std::string_view key, int64_t least, int64_t most) const {
  SLM_TRY(node, need(key));
  return node->as_integer(least, most);
}

Result<bool> YamlNode::need_bool(std::string_view key) const {
  SLM_TRY(node, need(key));
  return node->as_bool();
}

Result<std::vector<std::string>> YamlNode::need_strings(std::string_view key) const {
  SLM_TRY(node, need(key));
  return node->as_strings();
}

Result<std::string> YamlNode::string_or(std::string_view key, std::string_view otherwise) const {
  const YamlNode* node = find(key);
  return node != nullptr ? node->as_string() : Result<std::string>(otherwise);
}

Result<double> YamlNode::number_or(std::string_view key, double otherwise) const {
  const YamlNode* node = find(key);
  return node != nullptr ? node->as_number() : Result<double>(otherwise);
}

Result<int64_t> YamlNode::integer_or(std::string_view key, int64_t otherwise, int64_t least, int64_t most) const {
  const YamlNode* node = find(key);
  return node != nullptr ? node->as_integer(least, most) : Result<int64_t>(otherwise);
}

Result<bool> YamlNode::bool_or(std::string_view key, bool otherwise) const {
  const YamlNode* node = find(key);
  return node != nullptr ? node->as_bool() : Result<bool>(otherwise);
}

Result<std::vector<std::string>> YamlNode::strings_or(std::string_view key, std::vector<std::string> otherwise) const {
  const YamlNode* node = find(key);
  return node != nullptr ? node->as_strings() : Result<std::vector<std::string>>(std::move(otherwise));
}

Status YamlNode::refuse_unknown_keys(std::initializer_list<std::string_view> known) const {
  return refuse_unknown_keys(std::vector<std::string>(known.begin(), known.end()));
}

Status YamlNode::refuse_unknown_keys(const std::vector<std::string>& known) const {
  SLM_TRY_STATUS(of_kind(*this, Kind::kMapping));
  for (const YamlEntry& entry : entries) {
    bool is_known = false;
    for (const std::string& key : known) is_known = is_known || entry.key == key;
    if (is_known) continue;
    const auto nearest = nearest_spelling(entry.key, known);
    return fail_with_hint(
        ErrorKind::kCorrupt, msg("base.yaml_unknown_key", place_of(*file, entry.line, entry.column), shown(entry.key)),
        nearest ? msg("base.yaml_nearest", *nearest) : msg("base.yaml_known_keys", fmt::format("{}", fmt::join(known, ", "))));
  }
  return {};
}

Result<YamlNode> parse_yaml(std::string_view text, std::string_view name) {
  const auto file = std::make_shared<const std::string>(name);
  if (text.size() > limits::kYamlMaxBytes) {
    return fail(ErrorKind::kDoesNotFit, "base.file_too_large", *file, limits::kYamlMaxBytes);
  }
  if (const auto bad = first_invalid_utf8(text)) {
    return fail(ErrorKind::kCorrupt, "base.yaml_utf8", place_of_byte(*file, text, *bad));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Events events(text, file);
  Builder builder(file);
  for (;;) {
    SLM_TRY(event, events.next());
    if (event->type == YAML_STREAM_END_EVENT) break;
    SLM_TRY_STATUS(builder.take(*event));
  }
  YamlNode root = builder.take_root();
  if (root.file == nullptr) {  // no document at all
    root.plain = true;
    root.file = file;
  }
  return root;
}

Result<YamlNode> read_yaml_file(const std::string& path) {
  SLM_TRY(text, read_text_file(path, limits::kYamlMaxBytes));
  return parse_yaml(text, path);
}

}  // namespace slm
