// A file by its address: https://host/path/model.gguf.
#pragma once

#include "hub/sources/source.h"

namespace slm::hub {

class WebAddress : public Source {
 public:
  bool takes(std::string_view name) const override;
  Result<RemoteModel> find(const std::string& name, const Asking& asking) const override;

  // The address without what may be secret; where that left something out, with 16 hex digits of the SHA-256 of the whole.
  static std::string source_of(const std::string& url);
};

}  // namespace slm::hub
