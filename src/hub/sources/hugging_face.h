// Hugging Face and what speaks its API: hf:owner/repo[:QUANT].
//   https://huggingface.co/docs/hub/api: GET /api/models/{repo}/revision/{revision}, /api/models/{repo}/tree/{revision}
//   https://huggingface.co/docs/huggingface_hub/guides/download: GET /{repo}/resolve/{revision}/{path}
// HF_ENDPOINT names another host. A token (HF_TOKEN, else the file HF_TOKEN_PATH, HF_HOME/token or ~/.cache/huggingface/token) goes to the
// endpoint of data/sources.json, or to the host that SLM_HF_TOKEN_HOST names; never to a mirror just because it is one, nor to where
// either redirects.
#pragma once

#include "hub/sources/source.h"

namespace slm::hub {

class HuggingFace : public Source {
 public:
  bool takes(std::string_view name) const override { return name.starts_with("hf:"); }
  Result<RemoteModel> find(const std::string& name, const Asking& asking) const override;
};

// What goes with requests to the endpoint. Never a token over plain http, but to this machine itself.
std::vector<std::string> hugging_face_headers(const Endpoint& endpoint);

}  // namespace slm::hub
