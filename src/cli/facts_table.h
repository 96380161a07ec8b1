// Facts for people: a label in their language and a value, a line each.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slm::cli {

class FactsTable {
 public:
  void add(std::string_view label_key, std::string value);
  std::string text() const;  // labels padded to one width

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
};

}  // namespace slm::cli
