#include "hub/sources/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "base/json.h"
#include "hub/sources/hugging_face.h"
#include "hub/sources/modelscope.h"
#include "hub/sources/oci_registry.h"
#include "hub/sources/sources_json.h"
#include "hub/sources/web_address.h"
#include "hub/sources/wheels.h"

namespace slm::hub {
namespace {

constexpr size_t kLongestPiece = 96;

bool is_piece(std::string_view text) {
  if (text.empty() || text.size() > kLongestPiece || text.find_first_not_of('.') == std::string_view::npos || text[0] == '-') return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; });
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Json known_sources() {
  auto json = parse_json(sources_json());
  SLM_CHECK(json.has_value());  // ours, from the build; tests read it
  return std::move(*json);
}

}  // namespace

std::optional<uint64_t> RemoteModel::bytes() const {
  std::optional<uint64_t> sum = file.bytes;
  for (const RemoteFile& part : rest) {
    if (!sum || !part.bytes || __builtin_add_overflow(*sum, *part.bytes, &*sum)) return std::nullopt;
  }
  return sum;
}

const Source* source_for(std::string_view name) {
  static const WebAddress web;
  static const HuggingFace hugging_face;
  static const OciRegistry oci;
  static const ModelScope modelscope;
  static const Wheels wheels;
  static const std::array<const Source*, 5> sources = {&web, &hugging_face, &oci, &modelscope, &wheels};
  const auto at = std::find_if(sources.begin(), sources.end(), [&](const Source* source) { return source->takes(name); });
  return at == sources.end() ? nullptr : *at;
}

std::string registry_host(const std::string& host) {
  const Json known = known_sources().at("registries");
  const auto at = known.find(host);
  return at != known.end() ? at->get<std::string>() : host;
}

Endpoint endpoint_of(std::string_view scheme) {
  const Json known = known_sources();
  for (const Json& source : known.at("sources")) {
    if (source.at("scheme").get<std::string>() != scheme) continue;
    Endpoint endpoint;
    endpoint.default_url = without_slash(source.at("endpoint").get<std::string>());
    const char* own = std::getenv(source.at("variable").get<std::string>().c_str());
    endpoint.url = own != nullptr && *own != '\0' ? without_slash(own) : endpoint.default_url;
    return endpoint;
  }
  SLM_CHECK(!"a source without an address");
  return {};
}

Result<RepositoryName> parse_repository_name(std::string_view scheme, std::string_view name) {
  const auto refuse = [&] { return fail(ErrorKind::kUsage, "hub.bad_repository", name.substr(0, 200), scheme); };
  std::string_view rest = name.substr(std::min(name.size(), scheme.size() + 1));
  RepositoryName parsed;
  if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
    parsed.quantization = rest.substr(colon + 1);
    if (!is_piece(parsed.quantization)) return refuse();
    rest = rest.substr(0, colon);
  }
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || !is_piece(rest.substr(0, slash)) || !is_piece(rest.substr(slash + 1))) return refuse();
  parsed.repository = rest;
  return parsed;
}

std::string escape_path(std::string_view path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 128 && std::isalnum(byte) != 0) || c == '-' || c == '_' || c == '.' || c == '~' || c == '/') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace slm::hub
