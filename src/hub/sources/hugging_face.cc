#include "hub/sources/hugging_face.h"

#include <cstdlib>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/layout.h"
#include "hub/sources/gguf_choice.h"

namespace slm::hub {
namespace {

constexpr size_t kMostTokenFileBytes = 4096;
constexpr size_t kMostInfoBytes = 4u << 20;  // of a page of the API
constexpr int kMostPages = 16;               // of a repository's files, 1000 each

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string stored_token() {
  if (std::string token = variable("HF_TOKEN"); !token.empty()) return token;
  std::string path = variable("HF_TOKEN_PATH");
  if (path.empty()) path = (variable("HF_HOME").empty() ? home_directory() + "/.cache/huggingface" : variable("HF_HOME")) + "/token";
  const auto text = read_text_file(path, kMostTokenFileBytes);
  return text ? text->substr(0, text->find_first_of(" \t\r\n")) : "";
}

bool is_private_line(const net::UrlParts& parts) { return parts.scheme == "https" || net::is_loopback(parts.host); }

Error bad_reply(const std::string& url) { return {ErrorKind::kCorrupt, msg("hub.bad_reply", net::shown_url(url)), {}}; }

class Repository {
 public:
  Repository(std::string name, const Asking& asking)
      : name_(std::move(name)), asking_(asking), endpoint_(endpoint_of("hf")), headers_(hugging_face_headers(endpoint_)) {}

  // Commit, licence, gated.
  Status read_info(RemoteModel& model) {
    const std::string url = endpoint_.url + "/api/models/" + name_ + "/revision/main";
    SLM_TRY(reply, get(url));
    const auto json = parse_json(reply.body);
    if (!json || !json->is_object() || !json->contains("sha") || !(*json)["sha"].is_string()) return tl::unexpected<Error>(bad_reply(url));
    model.commit = (*json)["sha"].get<std::string>();
    const bool is_commit = model.commit.size() == 40 && model.commit.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_commit) return tl::unexpected<Error>(bad_reply(url));  // it becomes part of an address
    if (const auto gated = json->find("gated"); gated != json->end()) model.gated = gated->is_string() || (gated->is_boolean() && gated->get<bool>());
    if (const auto card = json->find("cardData"); card != json->end() && card->is_object()) {
      for (const char* field : {"license", "license_name"}) {
        const auto at = card->find(field);
        if (at == card->end() || !at->is_string() || (!model.license.empty() && model.license != "other")) continue;
        model.license = printable(at->get<std::string>().substr(0, 100));
      }
    }
    return {};
  }

  Result<std::vector<ListedFile>> list(const std::string& commit) {
    std::vector<ListedFile> files;
    std::string url = endpoint_.url + "/api/models/" + name_ + "/tree/" + commit + "?recursive=true";
    for (int page = 0; !url.empty() && page < kMostPages; ++page) {
      SLM_TRY(reply, get(url));
      const auto json = parse_json(reply.body);
      if (!json || !json->is_array()) return tl::unexpected<Error>(bad_reply(url));
      for (const Json& item : *json) {
        if (auto file = read_file(item)) files.push_back(std::move(*file));
      }
      url = next_page(reply, url);
    }
    return files;
  }

  Address address(const std::string& commit, const std::string& path) const {
    return {endpoint_.url + "/" + name_ + "/resolve/" + commit + "/" + escape_path(path), headers_};
  }

 private:
  Result<net::HttpReply> get(const std::string& url) {
    SLM_TRY(reply, fetch_document(client_, {{url, headers_}, {"Accept: application/json"}, kMostInfoBytes, asking_.insecure, asking_.cancelled}));
    if (reply.status == 200) return reply;
    Error error = status_error(reply, endpoint_.url + "/" + name_);
    if (error.message.key == "hub.gated" && headers_.empty() && !stored_token().empty()) {
      const auto parts = net::parse_url(endpoint_.url);
      error.hint = msg(parts && !is_private_line(*parts) ? "hub.token_plain_http" : "hub.token_not_sent", net::shown_url(endpoint_.url));
    }
    return tl::unexpected<Error>(std::move(error));
  }

  // {"type": "file", "path", "size", "lfs": {"oid": sha256, "size"}}
  static std::optional<ListedFile> read_file(const Json& item) {
    const auto text = [](const Json& json, const char* name) -> std::string {
      const auto at = json.is_object() ? json.find(name) : json.end();
      return at != json.end() && at->is_string() ? at->get<std::string>() : "";
    };
    ListedFile file;
    file.path = text(item, "path");
    if (text(item, "type") != "file" || file.path.empty() || !item.contains("size") || !item["size"].is_number_unsigned()) return std::nullopt;
    file.bytes = item["size"].get<uint64_t>();
    if (const auto lfs = item.find("lfs"); lfs != item.end() && lfs->is_object()) {
      file.sha256 = text(*lfs, "oid");
      if (!is_sha256(file.sha256)) file.sha256.clear();
      if (lfs->contains("size") && (*lfs)["size"].is_number_unsigned()) file.bytes = (*lfs)["size"].get<uint64_t>();
    }
    return file;
  }

  // Link: <https://...>; rel="next" (RFC 8288), within the endpoint only.
  std::string next_page(const net::HttpReply& reply, const std::string& url) const {
    const std::string link = reply.header("link");
    const size_t open = link.find('<'), close = link.find('>');
    if (open == std::string::npos || close == std::string::npos || close < open || link.find("rel=\"next\"", close) == std::string::npos) return {};
    std::string next = link.substr(open + 1, close - open - 1);
    return same_origin(next, url) ? next : "";
  }

  const std::string name_;
  const Asking& asking_;
  const Endpoint endpoint_;
  const std::vector<std::string> headers_;
  net::HttpClient client_;
};

}  // namespace

std::vector<std::string> hugging_face_headers(const Endpoint& endpoint) {
  const auto parts = net::parse_url(endpoint.url);
  if (!parts || !is_private_line(*parts)) return {};
  const std::string bound = variable("SLM_HF_TOKEN_HOST"), host = parts->host, with_port = host + ":" + std::to_string(parts->port);
  if (!same_origin(endpoint.url, endpoint.default_url) && bound != host && bound != with_port) return {};
  const std::string token = stored_token();
  return token.empty() ? std::vector<std::string>{} : std::vector<std::string>{"Authorization: Bearer " + token};
}

Result<RemoteModel> HuggingFace::find(const std::string& name, const Asking& asking) const {
  SLM_TRY(parsed, parse_repository_name("hf", name));
  Repository repository(parsed.repository, asking);
  RemoteModel model;
  model.source = name;
  model.suggested_name = name;
  SLM_TRY_STATUS(repository.read_info(model));
  SLM_TRY(files, repository.list(model.commit));
  SLM_TRY(chosen, choose_gguf(files, parsed.quantization, "hf:" + parsed.repository));
  for (const ListedFile& file : chosen) {
    RemoteFile& place = &file == &chosen.front() ? model.file : model.rest.emplace_back();
    place = {file.path, repository.address(model.commit, file.path), {}, file.bytes, file.sha256};
  }
  return model;
}

}  // namespace slm::hub
