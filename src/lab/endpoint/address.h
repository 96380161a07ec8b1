// Where a served model is, and what it is called there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slm::lab {

struct EndpointAddress {
  std::string url;          // "http://127.0.0.1:11434/v1", no '/' at its end
  std::string model;        // the name its requests carry
  std::string api_key;      // sent as "Authorization: Bearer ..."; "": none is sent
  std::optional<int> pid;   // of the server's process, where the user names it
  std::string pid_identity; // process_identity() of it when it was named: a number may come to another process; "" is not looked at

  std::string shown() const;  // for people and reports: the URL without user and password
  bool is_local() const;      // a loopback address
};

// "URL=NAME", split at the last '='. A URL whose path names no version ("/v1", "/api/v3", ...) gets "/v1". The key is that of the environment:
// SLM_ENDPOINT_KEY, else OPENAI_API_KEY. Errors: kUsage.
Result<EndpointAddress> parse_endpoint(std::string_view text);

}  // namespace slm::lab
