#include "hub/journal.h"

#include "base/files.h"
#include "base/json.h"

namespace slm::hub {
namespace {

constexpr size_t kMostJournalBytes = 64u << 10;

}  // namespace

std::optional<Journal> read_journal(const std::string& path) {
  const auto text = read_text_file(path, kMostJournalBytes);
  if (!text) return std::nullopt;
  const auto json = parse_json(*text);
  if (!json || !json->is_object()) return std::nullopt;
  Journal journal;
  const auto read = [&](const char* name, std::string& into) {
    const auto at = json->find(name);
    if (at == json->end() || !at->is_string()) return false;
    into = at->get<std::string>();
    return true;
  };
  const bool whole = read("name", journal.name) && read("url", journal.url) && read("etag", journal.etag) && read("commit", journal.commit) &&
                     read("sha256", journal.sha256) && read("boot", journal.boot);
  if (!whole) return std::nullopt;
  if (const auto bytes = json->find("bytes"); bytes != json->end() && bytes->is_number_unsigned()) journal.bytes = bytes->get<uint64_t>();
  return journal;
}

Status write_journal(const std::string& path, const Journal& journal) {
  Json json{{"name", journal.name},     {"url", journal.url},   {"etag", journal.etag}, {"commit", journal.commit},
            {"sha256", journal.sha256}, {"boot", journal.boot}};
  if (journal.bytes) json["bytes"] = *journal.bytes;
  return write_file_atomically(path, to_text(json) + "\n");
}

bool is_strong_etag(const std::string& etag) { return etag.size() > 2 && etag.front() == '"' && etag.back() == '"'; }

}  // namespace slm::hub
