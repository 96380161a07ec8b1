// A file by its address: https://host/path/model.gguf.
#pragma once

#include "hub/sources/source.h"

namespace slm::hub {

class WebAddress : public Source {
 public:
  bool takes(std::string_view name) const override;
  Result<RemoteModel> find(const std::string& name, const Asking& asking) const override;
};

}  // namespace slm::hub
