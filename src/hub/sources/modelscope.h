// ModelScope: modelscope:owner/repo[:QUANT].
//   https://www.modelscope.cn/docs/models/download, and the addresses its own client asks (modelscope/hub/api.py):
//   GET /api/v1/models/{repo}/repo/files?Revision=&Recursive=true -> Data.Files[{Path, Size, Sha256, Type}]
//   GET /api/v1/models/{repo}/repo?Revision=&FilePath=
#pragma once

#include "hub/sources/source.h"

namespace slm::hub {

class ModelScope : public Source {
 public:
  bool takes(std::string_view name) const override { return name.starts_with("modelscope:"); }
  Result<RemoteModel> find(const std::string& name, const Asking& asking) const override;
};

}  // namespace slm::hub
