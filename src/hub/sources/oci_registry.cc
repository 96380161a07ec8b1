#include "hub/sources/oci_registry.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <mutex>

#include "base/json.h"
#include "base/text.h"
#include "hub/layout.h"

namespace slm::hub {
namespace {

constexpr size_t kMostManifestBytes = 1u << 20;
constexpr size_t kMostLayers = 256;
constexpr size_t kMostManifestDepth = 8;
constexpr size_t kMostTokenBytes = 16u << 10;
constexpr size_t kMostTypesShown = 8;
constexpr std::string_view kModelTypes[] = {"application/vnd.ollama.image.model", "application/vnd.docker.ai.gguf.v3"};
constexpr std::string_view kProjectorTypes[] = {"application/vnd.ollama.image.projector", "application/vnd.docker.ai.mmproj"};
constexpr std::string_view kAdapterType = "application/vnd.ollama.image.adapter";

bool is_piece(std::string_view text, std::string_view punctuation, size_t most) {
  if (text.empty() || text.size() > most || text.find_first_not_of('.') == std::string_view::npos) return false;
  if (std::isalnum(static_cast<unsigned char>(text[0])) == 0 && text[0] != '_') return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || punctuation.find(c) != std::string_view::npos;
  });
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (size_t start = 0;;) {
    const size_t slash = text.find('/', start);
    pieces.push_back(text.substr(start, slash - start));
    if (slash == std::string_view::npos) return pieces;
    start = slash + 1;
  }
}

// The value of NAME="..." in a challenge; "" where it is missing.
std::string challenge_value(const std::string& challenge, const std::string& name) {
  const size_t at = challenge.find(name + "=\"");
  if (at == std::string::npos) return {};
  const size_t start = at + name.size() + 2, end = challenge.find('"', start);
  return end == std::string::npos ? "" : challenge.substr(start, end - start);
}

template <size_t N>
bool is_one_of(const std::string_view (&types)[N], std::string_view type) {
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

// Becomes part of a header.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kMostTokenBytes && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

// Shared with the addresses it gives: their tokens are renewed by it, by whatever thread a server refuses first.
class Registry : public std::enable_shared_from_this<Registry> {
 public:
  Registry(ImageName image, const Asking& asking) : image_(std::move(image)), asking_(asking) {}

  Result<std::string> manifest() {
    const std::string url = image_.registry + "/v2/" + image_.repository + "/manifests/" + image_.tag;
    SLM_TRY(reply, get(url));
    if (reply.status == 401 && is_challenge(reply.header("www-authenticate"))) {
      SLM_TRY_STATUS(ask_for_token(reply.header("www-authenticate")));
      SLM_TRY(second, get(url));
      reply = std::move(second);
    }
    if (reply.status != 200) return tl::unexpected<Error>(status_error(reply, url));
    return std::move(reply.body);
  }

  Address blob(const std::string& sha256) {
    asking_.cancelled = nullptr;  // may be gone once a token is renewed
    const auto renew = [self = shared_from_this()](const std::string& challenge, const std::vector<std::string>& refused) {
      return self->renewed(challenge, refused);
    };
    return {image_.registry + "/v2/" + image_.repository + "/blobs/sha256:" + sha256, headers_, renew};
  }

 private:
  Result<net::HttpReply> get(const std::string& url) {
    static const std::string accept =
        "Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";
    return fetch_document(client_, {{url, headers_}, {accept}, kMostManifestBytes, asking_.insecure, asking_.cancelled});
  }

  std::vector<std::string> renewed(const std::string& challenge, const std::vector<std::string>& refused) {
    const std::lock_guard lock(mutex_);
    if (headers_ != refused) return headers_;  // another thread was first
    if (!is_challenge(challenge) || !ask_for_token(challenge)) return {};
    return headers_;
  }

  // Anything else asks for a name and a password.
  static bool is_challenge(const std::string& challenge) { return challenge.starts_with("Bearer "); }

  Status ask_for_token(const std::string& challenge) {
    const std::string realm = challenge_value(challenge, "realm");
    if (!may_ask_for_token(realm, image_.registry)) {
      return fail(ErrorKind::kNetwork, "hub.foreign_realm", net::shown_url(image_.registry), net::shown_url(realm));
    }
    const std::string url = realm + (realm.find('?') == std::string::npos ? "?" : "&") + "service=" + escape_path(challenge_value(challenge, "service")) +
                            "&scope=" + escape_path("repository:" + image_.repository + ":pull");
    SLM_TRY(reply, fetch_document(client_, {{url}, {}, kMostManifestBytes, asking_.insecure, asking_.cancelled}));
    if (reply.status != 200) return tl::unexpected<Error>(status_error(reply, url));
    const auto json = parse_json(reply.body, kMostManifestDepth);
    for (const char* field : {"token", "access_token"}) {
      if (!json || !json->is_object() || !json->contains(field) || !(*json)[field].is_string() || !is_token((*json)[field].get_ref<const std::string&>())) continue;
      headers_ = {"Authorization: Bearer " + (*json)[field].get<std::string>()};
      return {};
    }
    return fail(ErrorKind::kCorrupt, "hub.bad_reply", net::shown_url(url));
  }

  const ImageName image_;
  Asking asking_;
  std::mutex mutex_;  // of what follows, once addresses are given away
  std::vector<std::string> headers_;
  net::HttpClient client_;
};

}  // namespace

Result<ImageName> parse_image_name(std::string_view name) {
  const auto refuse = [&] { return fail(ErrorKind::kUsage, "hub.bad_image", name.substr(0, 200)); };
  std::string_view rest = name.substr(std::min(name.size(), std::string_view("ollama:").size()));
  ImageName image;
  image.tag = "latest";
  const size_t colon = rest.rfind(':'), slash = rest.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    image.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  std::vector<std::string_view> pieces = split(rest);
  if (pieces.size() > 3 || !is_piece(image.tag, "_-.", 80)) return refuse();
  image.registry = endpoint_of("ollama").url;
  if (pieces.size() == 3) {
    if (!is_piece(pieces[0], "-.:", 350)) return refuse();
    const std::string host = registry_host(std::string(pieces[0]));
    image.registry = (net::is_loopback(host.substr(0, host.find(':'))) ? "http://" : "https://") + host;
    pieces.erase(pieces.begin());
  }
  if (pieces.size() == 1) pieces.insert(pieces.begin(), "library");
  if (!is_piece(pieces[0], "_-", 80) || !is_piece(pieces[1], "_-.", 80)) return refuse();
  image.repository = std::string(pieces[0]) + "/" + std::string(pieces[1]);
  return image;
}

bool may_ask_for_token(const std::string& realm, const std::string& registry) {
  if (same_origin(realm, registry)) return true;
  const auto asked = net::parse_url(realm), sender = net::parse_url(registry);
  if (!asked || !sender) return false;
  return net::is_loopback(asked->host) ? net::is_loopback(sender->host) : asked->scheme == "https";
}

Result<ModelLayers> read_manifest(std::string_view text, const std::string& shown_name) {
  const auto refuse = [&] { return fail(ErrorKind::kCorrupt, "hub.bad_manifest", shown_name); };
  const auto json = parse_json(text, kMostManifestDepth, kMostManifestBytes);
  if (!json || !json->is_object() || !json->contains("layers") || !(*json)["layers"].is_array()) return refuse();
  const Json& layers = (*json)["layers"];
  if (layers.size() > kMostLayers) return refuse();
  ModelLayers found;
  size_t adapters = 0, shown = 0;
  std::string types;
  for (const Json& layer : layers) {
    if (!layer.is_object() || !layer.contains("mediaType") || !layer.contains("digest") || !layer.contains("size")) return refuse();
    if (!layer["mediaType"].is_string() || !layer["digest"].is_string() || !layer["size"].is_number_unsigned()) return refuse();
    // Checked for every layer, before any becomes part of a path.
    const std::string digest = layer["digest"].get<std::string>(), type = layer["mediaType"].get<std::string>();
    if (!digest.starts_with("sha256:") || !is_sha256(std::string_view(digest).substr(7))) return refuse();
    if (is_one_of(kModelTypes, type)) found.files.push_back({digest.substr(7), layer["size"].get<uint64_t>()});
    found.has_projector = found.has_projector || is_one_of(kProjectorTypes, type);
    adapters += type == kAdapterType ? 1 : 0;
    if (shown++ < kMostTypesShown) types += (types.empty() ? "" : ", ") + printable(type.substr(0, 100));
  }
  if (found.files.empty()) return fail_with_hint(ErrorKind::kNotFound, msg("hub.no_gguf", shown_name), msg("hub.there_are", types.empty() ? "-" : types));
  if (adapters > 0) return fail_with_hint(ErrorKind::kFailed, msg("hub.image_adapter", shown_name, adapters), msg("hub.merge_adapter"));
  return found;
}

Result<RemoteModel> OciRegistry::find(const std::string& name, const Asking& asking) const {
  SLM_TRY(image, parse_image_name(name));
  const auto registry = std::make_shared<Registry>(image, asking);
  SLM_TRY(manifest, registry->manifest());
  SLM_TRY(layers, read_manifest(manifest, name));
  RemoteModel model;
  model.source = name;
  model.suggested_name = name;
  model.has_projector = layers.has_projector;
  for (const ModelLayer& layer : layers.files) {
    RemoteFile& place = &layer == &layers.files.front() ? model.file : model.rest.emplace_back();
    const std::string part = layers.files.size() > 1 ? " " + std::to_string(model.rest.size() + 1) + "/" + std::to_string(layers.files.size()) : "";
    place = {image.repository + ":" + image.tag + part, registry->blob(layer.sha256), {}, layer.bytes, layer.sha256};
  }
  return model;
}

}  // namespace slm::hub
