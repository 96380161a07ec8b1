// YAML read from outside (tasks, claims, devices): libyaml's events made into a small ordered tree in which every node knows
// its place, so that every complaint says FILE:LINE:COLUMN. One document a file, behind limits (base/limits.h).
// Refused: bytes that are not UTF-8, duplicate keys, keys that are not scalars, anchors, aliases and tags, a second document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slm {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kScalar, kSequence, kMapping };

  Kind kind = Kind::kScalar;
  std::string text;    // of a scalar, after quotes and escapes; UTF-8, may hold any character but NUL
  bool plain = false;  // a scalar without quotes and not a block (| or >): the only kind that is a number, a bool or null
  size_t line = 1;     // of the node's first character, 1-based
  size_t column = 1;   // in characters, 1-based
  std::vector<YamlNode> items;     // of a sequence
  std::vector<YamlEntry> entries;  // of a mapping, in the file's order, keys unique
  std::shared_ptr<const std::string> file;  // the name in complaints; never null

  std::string place() const;  // "FILE:LINE:COLUMN"
  bool is_null() const;       // a plain "", "~" or "null"

  // fail(kCorrupt, key, place(), args...): the caller's own complaint about this node; {0} is the place.
  template <class... Args>
  tl::unexpected<Error> wrong(std::string_view key, const Args&... args) const {
    return fail(ErrorKind::kCorrupt, key, place(), args...);
  }

  // What the node itself holds. Errors: kCorrupt with the place and what was expected.
  Result<std::string> as_string() const;  // any scalar but null; a plain 42 or true is its text
  Result<double> as_number() const;       // plain, decimal, finite
  Result<int64_t> as_integer(int64_t least = INT64_MIN, int64_t most = INT64_MAX) const;
  Result<bool> as_bool() const;           // plain true or false
  Result<std::vector<std::string>> as_strings() const;  // a sequence of strings

  // Of a mapping: the value under `key`, or nullptr (also when the node is no mapping).
  const YamlNode* find(std::string_view key) const;

  // Of a mapping: the value under `key`, which must be there. Errors: no mapping, no such key, a value of another kind.
  // The pointers live as long as this node.
  Result<const YamlNode*> need(std::string_view key) const;
  Result<const YamlNode*> need_sequence(std::string_view key) const;
  Result<const YamlNode*> need_mapping(std::string_view key) const;
  Result<std::string> need_string(std::string_view key) const;
  Result<double> need_number(std::string_view key) const;
  Result<int64_t> need_integer(std::string_view key, int64_t least = INT64_MIN, int64_t most = INT64_MAX) const;
  Result<bool> need_bool(std::string_view key) const;
  Result<std::vector<std::string>> need_strings(std::string_view key) const;

  // As need_..., with a value for a key that is absent.
  Result<std::string> string_or(std::string_view key, std::string_view otherwise) const;
  Result<double> number_or(std::string_view key, double otherwise) const;
  Result<int64_t> integer_or(std::string_view key, int64_t otherwise, int64_t least = INT64_MIN, int64_t most = INT64_MAX) const;
  Result<bool> bool_or(std::string_view key, bool otherwise) const;
  Result<std::vector<std::string>> strings_or(std::string_view key, std::vector<std::string> otherwise) const;

  // Errors: the node is no mapping; a key that is not among `known`, with its place, and as hint the nearest known one or
  // all of them.
  Status refuse_unknown_keys(std::initializer_list<std::string_view> known) const;
  Status refuse_unknown_keys(const std::vector<std::string>& known) const;
};

struct YamlEntry {
  std::string key;
  size_t line = 1, column = 1;  // of the key
  YamlNode value;
};

// One document. `name` stands for the file in every complaint. An empty document is a null scalar.
// Errors: kDoesNotFit (more than kYamlMaxBytes), kCorrupt with the place.
Result<YamlNode> parse_yaml(std::string_view text, std::string_view name);

// The file's document. Errors: those of read_text_file and of parse_yaml.
Result<YamlNode> read_yaml_file(const std::string& path);

}  // namespace slm
