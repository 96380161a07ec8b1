#include "lab/endpoint/address.h"

#include <cstdlib>

#include "base/text.h"
#include "net/http_client.h"

namespace slm::lab {
namespace {

constexpr size_t kMostBytes = 4'096;

// "v1", "v3", "v1beta" as a part of the path.
bool names_version(std::string_view path) {
  for (size_t slash = path.find("/v"); slash != std::string_view::npos; slash = path.find("/v", slash + 1)) {
    if (slash + 2 < path.size() && path[slash + 2] >= '0' && path[slash + 2] <= '9') return true;
  }
  return false;
}

std::string key_of_environment() {
  for (const char* name : {"SLM_ENDPOINT_KEY", "OPENAI_API_KEY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

}  // namespace

std::string EndpointAddress::shown() const { return net::shown_url(url); }

bool EndpointAddress::is_local() const {
  const auto parts = net::parse_url(url);
  return parts && net::is_loopback(parts->host);
}

Result<EndpointAddress> parse_endpoint(std::string_view text) {
  const size_t equals = text.rfind('=');
  const bool has_both = equals != std::string_view::npos && equals > 0 && equals + 1 < text.size();
  if (!has_both || text.size() > kMostBytes || first_invalid_utf8(text)) {
    return fail_with_hint(ErrorKind::kUsage, msg("lab.endpoint.bad_flag", printable(text.substr(0, 100))), msg("lab.endpoint.flag_example"));
  }
  EndpointAddress address;
  address.url = text.substr(0, equals);
  address.model = text.substr(equals + 1);
  auto parts = net::parse_url(address.url);
  if (!parts || address.url.find_first_of("?#") != std::string::npos) {
    return fail_with_hint(ErrorKind::kUsage, msg("lab.endpoint.bad_url", net::shown_url(address.url)), msg("lab.endpoint.flag_example"));
  }
  while (address.url.ends_with('/')) address.url.pop_back();
  if (!names_version(parts->path)) address.url += "/v1";
  address.api_key = key_of_environment();
  return address;
}

}  // namespace slm::lab
