#include "lab/sandbox/unavailable.h"

#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "base/text.h"

namespace slm::lab {
namespace {

constexpr size_t kMostComplaintBytes = 300;

// The number in a one-line file of /proc/sys; -1 where there is none.
int setting(const std::string& path) {
  const auto text = read_text_file(path, 64);
  return text && !text->empty() && text->front() >= '0' && text->front() <= '9' ? std::atoi(text->c_str()) : -1;
}

std::string first_line(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  return printable(line.substr(0, kMostComplaintBytes));
}

}  // namespace

NamespaceSettings read_namespace_settings(const std::string& root) {
  const std::string sys = root + "/proc/sys/";
  return {.apparmor_restricts = setting(sys + "kernel/apparmor_restrict_unprivileged_userns") == 1,
          .clone_forbidden = setting(sys + "kernel/unprivileged_userns_clone") == 0,
          .none_allowed = setting(sys + "user/max_user_namespaces") == 0,
          .in_container = access((root + "/.dockerenv").c_str(), F_OK) == 0 || access((root + "/run/.containerenv").c_str(), F_OK) == 0};
}

Error explain_unavailable(std::string_view complaint, const NamespaceSettings& settings) {
  const std::string line = first_line(complaint);
  auto error = [](Message what, Message hint) { return Error{ErrorKind::kNotFound, std::move(what), std::move(hint)}; };
  if (settings.none_allowed) return error(msg("lab.sandbox.namespaces_off", line), msg("lab.sandbox.allow_namespaces"));
  if (settings.clone_forbidden) return error(msg("lab.sandbox.namespaces_off", line), msg("lab.sandbox.allow_clone"));
  if (settings.apparmor_restricts) return error(msg("lab.sandbox.apparmor", line), msg("lab.sandbox.apparmor_profile"));
  if (settings.in_container) return error(msg("lab.sandbox.container", line), msg("lab.sandbox.container_options"));
  if (line.find("Unknown option") != std::string::npos) {
    return error(msg("lab.sandbox.bwrap_too_old", line), msg("lab.sandbox.install"));
  }
  return error(msg("lab.sandbox.does_not_start", line), msg("lab.sandbox.read_docs"));
}

}  // namespace slm::lab
