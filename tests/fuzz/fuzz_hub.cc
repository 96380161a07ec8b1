// What the puller reads from outside: manifests, names, catalogues, wheels, heads of replies. The first byte says which; an error or something that keeps
// what its reader promises, never a crash or a hang.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hub/catalogue.h"
#include "hub/content_range.h"
#include "hub/html_text.h"
#include "hub/layout.h"
#include "hub/sources/oci_registry.h"
#include "hub/sources/source.h"
#include "hub/sources/wheels.h"
#include "hub/wheel.h"

namespace {

using namespace slm::hub;

// Becomes part of a path or an address.
bool stays_inside(std::string_view text) {
  return !text.empty() && text[0] != '-' && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || std::string_view("-_.:+!").find(static_cast<char>(c)) != std::string_view::npos; });
}

template <class T>
bool explained(const slm::Result<T>& result) {
  if (!result) SLM_CHECK(!result.error().text(slm::Language::kEnglish).empty() && !result.error().text(slm::Language::kChinese).empty());
  return result.has_value();
}

void read_as_manifest(std::string_view text) {
  const auto layers = read_manifest(text, "m");
  if (!explained(layers)) return;
  SLM_CHECK(!layers->files.empty());
  for (const ModelLayer& layer : layers->files) SLM_CHECK(is_sha256(layer.sha256));
}

void read_as_name(std::string_view text) {
  if (const auto image = parse_image_name(text); explained(image)) {
    const size_t slash = image->repository.find('/');
    SLM_CHECK(stays_inside(std::string_view(image->repository).substr(0, slash)) && stays_inside(std::string_view(image->repository).substr(slash + 1)));
    SLM_CHECK(stays_inside(image->tag));
  }
  if (const auto repository = parse_repository_name("hf", text); explained(repository)) {
    const size_t slash = repository->repository.find('/');
    SLM_CHECK(stays_inside(std::string_view(repository->repository).substr(0, slash)) && stays_inside(std::string_view(repository->repository).substr(slash + 1)));
  }
  if (const auto wheels = parse_wheel_name(text); explained(wheels)) {
    for (const WheelPart& part : *wheels) SLM_CHECK(stays_inside(part.package) && stays_inside(part.version));
    SLM_CHECK(parse_wheel_name(wheel_name(*wheels)).has_value());
  }
  if (check_name(text)) SLM_CHECK(file_name_of(text).find('/') == std::string::npos && file_name_of(text)[0] != '.');
}

void read_as_wheel(std::string_view bytes) {
  const int file = memfd_create("wheel", MFD_CLOEXEC);
  if (file < 0) return;
  if (write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
    constexpr uint64_t kMost = 1u << 20;
    const auto wheel = Wheel::open("/proc/self/fd/" + std::to_string(file));
    if (explained(wheel)) {
      uint64_t taken = 0;
      const auto take = [&](std::span<const std::byte> piece) -> slm::Status {
        taken += piece.size();
        return {};
      };
      if (const auto member = wheel->largest_member(); explained(member)) explained(wheel->read(*member, kMost, take));
      SLM_CHECK(taken <= kMost);
    }
  }
  close(file);
}

void read_as_head(std::string_view text) {
  if (const auto range = parse_content_range(text)) SLM_CHECK(range->first <= range->last && range->last < range->total);
  if (const auto wait = rate_limit_wait(text)) SLM_CHECK(*wait >= 0);
  SLM_CHECK(html_to_text(text).size() <= 16 * text.size() + 16);
  may_ask_for_token(std::string(text), "https://registry.example");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'm': read_as_manifest(text); break;
    case 'n': read_as_name(text); break;
    case 'c': explained(parse_catalogue(text)); break;
    case 'w': read_as_wheel(text); break;
    default: read_as_head(text); break;
  }
  return 0;
}
