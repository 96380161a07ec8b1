// The record of a model in the store: models/NAME.json.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "hub/layout.h"
#include "hub/store.h"

namespace slm::hub {

// Reads and checks a record; its path is that of the readable link where that still is the blob, else of the blob. Errors:
// kNotFound (no record), kCorrupt (damaged; the blob missing or of another size).
Result<StoredModel> read_record(const std::string& path, const Layout& layout);

// Links the blob under a readable name and writes the record: from then on the model is seen. `model.path` is set.
Status write_record(StoredModel& model, const Layout& layout);

// All of them that can be read, by name; kMostModels at most.
std::vector<StoredModel> list_records(const Layout& layout);
constexpr size_t kMostModels = 65'536;
// Why the others cannot be read.
std::vector<Error> damaged_records(const Layout& layout);

// The digests that records name, of damaged models too. Errors: kFailed (a directory or file that cannot be read, more than kMostModels
// records), kCorrupt (a record that does not say which bytes are its).
Result<std::set<std::string>> named_digests(const Layout& layout);

// Removes the blob, unless a record tells of it (or one cannot be read: then nobody knows). The caller does not hold share_blobs.
Status remove_unreferenced_blob(const std::string& sha256, const Layout& layout);

// Whether the stored model is what the source offers: the same digest (of a split model of each part), or where the source gives none
// the same source, commit and size; of wheels the same source.
bool is_same_model(const StoredModel& stored, const RemoteModel& remote);

// "2026-01-31T12:00:00Z".
std::string time_now();

}  // namespace slm::hub
