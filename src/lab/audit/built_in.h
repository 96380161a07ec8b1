// The data files the program carries, as they were when it was built.
#pragma once

#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/yaml.h"

namespace slm::lab::audit {

std::string_view devices_yaml();    // data/devices/devices.yaml
std::string_view shapes_yaml();     // data/models/shapes.yaml
std::string_view published_yaml();  // data/scores/published.yaml
std::string_view article_yaml();    // data/claims/article.yaml

// What `read` makes of a file of ours: it was tested, so a mistake in it is ours.
template <class T, class Read>
T built_in(std::string_view text, std::string_view name, Read read) {
  auto root = parse_yaml(text, name);
  SLM_CHECK(root.has_value());
  auto value = read(*root);
  SLM_CHECK(value.has_value());
  return std::move(*value);
}

}  // namespace slm::lab::audit
