#include "hub/sources/modelscope.h"

#include "base/json.h"
#include "hub/layout.h"
#include "hub/sources/gguf_choice.h"

namespace slm::hub {
namespace {

constexpr size_t kMostListBytes = 4u << 20;

// {"Data": {"Files": [{"Type": "blob", "Path", "Size", "Sha256"}]}}; nothing where it is not of that form.
std::optional<std::vector<ListedFile>> read_list(const std::string& body) {
  const auto json = parse_json(body);
  if (!json || !json->is_object() || !json->contains("Data") || !(*json)["Data"].is_object()) return std::nullopt;
  const Json& data = (*json)["Data"];
  if (!data.contains("Files") || !data["Files"].is_array()) return std::nullopt;
  std::vector<ListedFile> files;
  for (const Json& item : data["Files"]) {
    const bool good = item.is_object() && item.contains("Path") && item["Path"].is_string() && item.contains("Size") && item["Size"].is_number_unsigned();
    if (!good) continue;
    ListedFile file{item["Path"].get<std::string>(), item["Size"].get<uint64_t>(), {}};
    if (item.contains("Sha256") && item["Sha256"].is_string() && is_sha256(item["Sha256"].get<std::string>())) file.sha256 = item["Sha256"].get<std::string>();
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

Result<RemoteModel> ModelScope::find(const std::string& name, const Asking& asking) const {
  SLM_TRY(parsed, parse_repository_name("modelscope", name));
  const std::string base = endpoint_of("modelscope").url + "/api/v1/models/" + parsed.repository + "/repo";
  const std::string url = base + "/files?Revision=master&Recursive=true";
  net::HttpClient client;
  SLM_TRY(reply, fetch_document(client, {{url}, {"Accept: application/json"}, kMostListBytes, asking.insecure, asking.cancelled}));
  if (reply.status != 200) return tl::unexpected<Error>(status_error(reply, url));
  const auto files = read_list(reply.body);
  if (!files) return fail(ErrorKind::kCorrupt, "hub.bad_reply", net::shown_url(url));
  SLM_TRY(chosen, choose_gguf(*files, parsed.quantization, "modelscope:" + parsed.repository));
  RemoteModel model;
  model.source = name;
  model.suggested_name = name;
  for (const ListedFile& file : chosen) {
    RemoteFile& place = &file == &chosen.front() ? model.file : model.rest.emplace_back();
    place = {file.path, {base + "?Revision=master&FilePath=" + escape_path(file.path)}, {}, file.bytes, file.sha256};
  }
  return model;
}

}  // namespace slm::hub
