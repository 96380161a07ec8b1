// Which tables this machine can run, and the one to use. A new ISA is one row of kRows.
#include <cstdlib>
#include <string>

#include "kernels/isa/tables.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

bool always() { return true; }

// Best first; scalar stays last.
struct Row {
  const KernelTable& (*table)();
  bool (*usable)();
};
constexpr Row kRows[] = {
    {scalar_table, always},
};

std::string names(bool usable_only) {
  std::string out;
  for (const Row& row : kRows) {
    if (usable_only && !row.usable()) continue;
    if (!out.empty()) out += ", ";
    out += row.table().name;
  }
  return out;
}

}  // namespace

std::vector<const KernelTable*> usable_tables() {
  std::vector<const KernelTable*> out;
  for (const Row& row : kRows) {
    if (row.usable()) out.push_back(&row.table());
  }
  return out;
}

Result<const KernelTable*> choose_table() {
  const char* wanted = std::getenv("SLM_ISA");
  if (wanted == nullptr || *wanted == '\0') return usable_tables().front();
  for (const Row& row : kRows) {
    if (row.table().name != wanted) continue;
    if (!row.usable()) return fail(ErrorKind::kUsage, "kernels.isa_not_here", wanted, names(true));
    return &row.table();
  }
  return fail(ErrorKind::kUsage, "kernels.unknown_isa", wanted, names(true));
}

}  // namespace slm::kernels
