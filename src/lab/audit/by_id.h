// Things that a file names by their id.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fmt/ranges.h>

#include "base/text.h"
#include "base/yaml.h"

namespace slm::lab::audit {

// The hint for a name that is none of `names`: the nearest one, or all of them.
inline Message nearest_or_all(std::string_view name, const std::vector<std::string>& names) {
  const auto nearest = nearest_spelling(name, names);
  return nearest ? msg("base.yaml_nearest", *nearest) : msg("base.yaml_known_keys", fmt::format("{}", fmt::join(names, ", ")));
}

template <class T>
const T* find_by_id(const std::vector<T>& all, std::string_view id) {
  for (const T& one : all) {
    if (one.id == id) return &one;
  }
  return nullptr;
}

// The thing that node's value under `key` names. Errors: kNotFound `message` (place, id), with the nearest spelling or all ids.
template <class T>
Result<const T*> named(const YamlNode& node, std::string_view key, const std::vector<T>& all, std::string_view message) {
  SLM_TRY(id, node.need_string(key));
  if (const T* found = find_by_id(all, id)) return found;
  std::vector<std::string> ids;
  for (const T& one : all) ids.push_back(one.id);
  return fail_with_hint(ErrorKind::kNotFound, msg(message, node.find(key)->place(), printable(id)), nearest_or_all(id, ids));
}

// Error: kCorrupt with the place of `node` when one of `all` has this id already.
template <class T>
Status refuse_twice(const std::vector<T>& all, std::string_view id, const YamlNode& node) {
  if (find_by_id(all, id) == nullptr) return {};
  return node.wrong("lab.audit.id_twice", printable(id));
}

}  // namespace slm::lab::audit
