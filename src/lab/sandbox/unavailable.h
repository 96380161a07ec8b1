// Why there is no sandbox on this machine, and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slm::lab {

// What the system says of user namespaces; read from files below `root` ("" for this machine).
struct NamespaceSettings {
  bool apparmor_restricts = false;  // kernel.apparmor_restrict_unprivileged_userns = 1 (Ubuntu 23.10 and later)
  bool clone_forbidden = false;     // kernel.unprivileged_userns_clone = 0 (older Debian, hardened kernels)
  bool none_allowed = false;        // user.max_user_namespaces = 0
  bool in_container = false;        // /.dockerenv or /run/.containerenv
};
NamespaceSettings read_namespace_settings(const std::string& root);

// The error for a bwrap that did not come up with `complaint` on its stderr.
Error explain_unavailable(std::string_view complaint, const NamespaceSettings& settings);

}  // namespace slm::lab
