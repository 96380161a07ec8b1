#include "hub/sources/web_address.h"

#include "hub/download.h"

namespace slm::hub {

bool WebAddress::takes(std::string_view name) const { return name.starts_with("https://") || name.starts_with("http://"); }

Result<RemoteModel> WebAddress::find(const std::string& name, const Asking& asking) const {
  SLM_TRY(parts, net::parse_url(name));
  RemoteModel model;
  model.source = net::shown_url(name);  // what stands in a query may be a key
  model.suggested_name = parts.path.substr(parts.path.rfind('/') + 1);
  model.file.name = model.suggested_name;
  model.file.address.url = name;
  DownloadRequest request{.address = model.file.address, .name = name, .insecure = asking.insecure, .cancelled = asking.cancelled};
  SLM_TRY(bytes, ask_size(request));
  model.file.bytes = bytes;
  return model;
}

}  // namespace slm::hub
