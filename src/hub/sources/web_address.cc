#include "hub/sources/web_address.h"

#include "hub/digest.h"
#include "hub/download.h"
#include "hub/store.h"

namespace slm::hub {

// What stands in a query may be a key, and still be what tells two files apart: its place is taken by a digest.
std::string WebAddress::source_of(const std::string& url) {
  const std::string shown = net::shown_url(url);
  if (shown == url) return shown;
  Sha256 digest;
  digest.add(std::as_bytes(std::span(url)));
  return shown + "#" + digest.hex().substr(0, 16);
}

bool WebAddress::takes(std::string_view name) const { return name.starts_with("https://") || name.starts_with("http://"); }

Result<RemoteModel> WebAddress::find(const std::string& name, const Asking& asking) const {
  SLM_TRY(parts, net::parse_url(name));
  RemoteModel model;
  model.source = source_of(name);
  model.file.name = parts.path.substr(parts.path.rfind('/') + 1);
  model.suggested_name = name_from_file(model.file.name);
  model.file.address.url = name;
  DownloadRequest request{.address = model.file.address, .name = name, .insecure = asking.insecure, .cancelled = asking.cancelled};
  SLM_TRY(bytes, ask_size(request));
  model.file.bytes = bytes;
  return model;
}

}  // namespace slm::hub
