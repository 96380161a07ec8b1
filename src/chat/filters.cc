#include "chat/filters.h"

#include <unordered_map>

namespace slm::chat {

FilterFunction find_filter(std::string_view name) {
  static const auto table = [] {
    std::unordered_map<std::string_view, FilterFunction> all;
    for (const auto* half : {&text_filters(), &sequence_filters()}) {
      for (const NamedFilter& filter : *half) all.emplace(filter.name, filter.filter);
    }
    return all;
  }();
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace slm::chat
