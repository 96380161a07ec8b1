#include "cli/licenses.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "hub/catalogue.h"

namespace slm::cli {
namespace {

struct Library {
  std::string_view name, license, holder, text;
};

// What the program is linked with or made from; `text`: where Debian keeps the whole licence.
constexpr Library kLibraries[] = {
    {"CLI11", "BSD-3-Clause", "University of Cincinnati, H. Schreiner", "/usr/share/doc/libcli11-dev/copyright"},
    {"expected", "CC0-1.0", "Sy Brand", "/usr/share/doc/libexpected-dev/copyright"},
    {"fmt", "MIT", "Victor Zverovich", "/usr/share/doc/libfmt-dev/copyright"},
    {"nlohmann-json", "MIT", "Niels Lohmann", "/usr/share/doc/nlohmann-json3-dev/copyright"},
    {"utf8proc", "MIT", "The Julia Project, Public Software Group", "/usr/share/doc/libutf8proc2/copyright"},
    {"Unicode data (utf8proc)", "Unicode-DFS-2016", "Unicode, Inc.", "/usr/share/doc/libutf8proc2/copyright"},
    {"libedit", "BSD-3-Clause", "The NetBSD Foundation", "/usr/share/doc/libedit2/copyright"},
    {"CLD2", "Apache-2.0", "Google Inc.", "/usr/share/doc/libcld2-0/copyright"},
    {"libbz2 (bzip2)", "bzip2-1.0.6", "Julian Seward", "/usr/share/doc/libbz2-1.0/copyright"},
    {"libyaml", "MIT", "Kirill Simonov", "/usr/share/doc/libyaml-0-2/copyright"},
    {"RE2", "BSD-3-Clause", "The RE2 Authors", "/usr/share/doc/libre2-9/copyright"},
    {"SQLite", "public domain", "D. Richard Hipp", "/usr/share/doc/libsqlite3-0/copyright"},
    {"zlib", "Zlib", "Jean-loup Gailly, Mark Adler", "/usr/share/doc/zlib1g/copyright"},
    {"libzip", "BSD-3-Clause", "Dieter Baron, Thomas Klausner", "/usr/share/doc/libzip4/copyright"},
    {"OpenSSL (libcrypto)", "Apache-2.0", "The OpenSSL Project Authors", "/usr/share/doc/libssl3/copyright"},
    {"GNU C Library", "LGPL-2.1-or-later", "Free Software Foundation", "/usr/share/doc/libc6/copyright"},
    {"libstdc++, libgcc", "GPL-3.0-or-later WITH GCC-exception-3.1", "Free Software Foundation",
     "/usr/share/doc/libstdc++6/copyright"},
};

Json as_json() {
  Json libraries = Json::array(), models = Json::array();
  for (const Library& one : kLibraries) {
    libraries.push_back(Json{{"name", one.name}, {"license", one.license}, {"holder", one.holder}, {"text", one.text}});
  }
  for (const hub::CatalogueEntry& entry : hub::catalogue()) {
    models.push_back(Json{{"name", entry.name}, {"license", entry.license}, {"terms", entry.license_terms}});
  }
  Json json;
  json["slm"] = Json{{"version", SLM_VERSION}, {"license", "Apache-2.0"}};
  json["libraries"] = libraries;
  json["models"] = models;
  return json;
}

std::string for_people() {
  std::string out = "slm " SLM_VERSION "  Apache-2.0  " + tr("cli.licenses.see_text") + "\n\n" + tr("cli.licenses.libraries") + "\n";
  for (const Library& one : kLibraries) {
    out += "  " + pad_right(one.name, 24) + "  " + std::string(one.license) + "\n" + std::string(28, ' ') +
           std::string(one.holder) + "\n" + std::string(28, ' ') + std::string(one.text) + "\n";
  }
  out += "\n" + tr("cli.licenses.models") + "\n";
  for (const hub::CatalogueEntry& entry : hub::catalogue()) {
    out += "  " + pad_right(entry.name, 24) + "  " + entry.license + "\n";
  }
  return out;
}

}  // namespace

Run setup_licenses(CLI::App& app) {
  const auto text = std::make_shared<bool>(false);
  app.add_flag("--text", *text, tr("cli.licenses.text"));
  return [text](const Context& context) -> Status {
    if (context.json) {
      print_json(as_json());
    } else {
      write_out(*text ? std::string(kLicenseText) : for_people());
    }
    return {};
  };
}

}  // namespace slm::cli
