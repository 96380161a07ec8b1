// Evaluation sets in the store: SLM_HOME/data/NAME, there only once every file of it is whole and its digest was compared. Until then they
// lie in data/.NAME.part, where no task looks.
#pragma once

#include <string>

#include "base/result.h"
#include "hub/data/data_sets.h"
#include "hub/download.h"
#include "hub/layout.h"
#include "hub/store.h"

namespace slm::hub {

// Where sets lie, as --data-dir wants it.
std::string data_directory(const Layout& layout);

// Whether the set is there, every file at its size; bytes are not read.
bool has_data(const DataSet& set, const Layout& layout);
// Bytes of the files that a pull would have to fetch, by their sizes.
uint64_t data_bytes_missing(const DataSet& set, const Layout& layout);

// Fetches what is missing or has other bytes than its digest says; goes on where an earlier pull stopped. A mirror that lays the files out as
// a data directory is asked first where $SLM_DATA_MIRROR names one. Gives the bytes that came. Errors: those of download(), with the file's
// name; kFailed (cannot be written). Files that came whole stay.
Result<uint64_t> pull_data(const DataSet& set, const Layout& layout, const Asking& asking, const OnProgress& progress, const Patience& patience);

// Removes it, and what a pull that was stopped has left. Error: kNotFound (nothing of it is here), kFailed.
Status remove_data(const DataSet& set, const Layout& layout);
// Hashes every file again. Errors: kNotFound (a file is missing: `slm pull`), kCorrupt with both digests.
Status verify_data(const DataSet& set, const Layout& layout, const OnProgress& progress);

}  // namespace slm::hub
