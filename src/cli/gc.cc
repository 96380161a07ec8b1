#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/aligned_columns.h"
#include "cli/hub_commands.h"
#include "cli/hub_progress.h"
#include "hub/garbage.h"

namespace slm::cli {
namespace {

std::string_view reason_key(hub::GarbageReason reason) {
  switch (reason) {
    case hub::GarbageReason::kNoRecord: return "hub.store.gc.no_record";
    case hub::GarbageReason::kTemporary: return "hub.store.gc.temporary";
    case hub::GarbageReason::kLeftOver: return "hub.store.gc.left_over";
    case hub::GarbageReason::kOldPart: return "hub.store.gc.part";
    case hub::GarbageReason::kResumable: return "hub.store.gc.resumable";
    case hub::GarbageReason::kBusy: return "hub.store.gc.busy";
  }
  return "";
}

Json garbage_items(const std::vector<hub::GarbageItem>& items) {
  Json json = Json::array();
  for (const hub::GarbageItem& item : items) json.push_back(Json{{"path", item.path}, {"bytes", item.bytes}, {"reason", name_of(item.reason)}});
  return json;
}

std::string garbage_text(const hub::Garbage& garbage, const std::string& root, bool dry_run) {
  std::vector<std::vector<std::string>> rows;
  for (const auto* items : {&garbage.removed, &garbage.kept}) {
    for (const hub::GarbageItem& item : *items) {
      const std::string below = item.path.starts_with(root + "/") ? item.path.substr(root.size() + 1) : item.path;
      rows.push_back({printable(below), format_bytes(item.bytes), tr(reason_key(item.reason))});
    }
  }
  const std::string table = rows.empty() ? "" : aligned_columns(rows);
  if (garbage.removed.empty()) return table + tr("hub.store.gc.nothing", root) + "\n";
  return table + tr(dry_run ? "hub.store.gc.would_free" : "hub.store.gc.freed", format_bytes(garbage.freed_bytes)) + "\n";
}

}  // namespace

Run setup_gc(CLI::App& app) {
  const auto options = std::make_shared<hub::GarbageOptions>();
  app.add_flag("--dry-run", options->dry_run, tr("hub.store.gc.dry_run"));
  app.add_flag("--parts", options->parts, tr("hub.store.gc.parts", hub::kPartDays));
  return [options](const Context& context) -> Status {
    const hub::Store store = hub::Store::open();
    Result<hub::Garbage> garbage = tl::unexpected<Error>(Error{});
    {
      HubProgress progress;
      garbage = hub::collect_garbage(hub::Layout{store.root()}, *options, progress.callback());
    }
    if (!garbage) return tl::unexpected<Error>(garbage.error());
    if (context.json) {
      print_json(Json{{"dry_run", options->dry_run}, {"removed", garbage_items(garbage->removed)}, {"kept", garbage_items(garbage->kept)}, {"freed_bytes", garbage->freed_bytes}});
    } else {
      write_out(garbage_text(*garbage, store.root(), options->dry_run));
    }
    return {};
  };
}

}  // namespace slm::cli
