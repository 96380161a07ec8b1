#include "cli/catalogue_pull.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cli/command.h"
#include "cli/hub_progress.h"
#include "cli/license_consent.h"
#include "cli/pull_plan.h"
#include "hub/layout.h"
#include "hub/source_order.h"

namespace slm::cli {
namespace {

std::vector<hub::CatalogueSource> ordered_sources(const hub::Store& store, const hub::CatalogueEntry& entry) {
  if (entry.sources.size() < 2) return entry.sources;
  std::vector<std::string> schemes;
  for (const hub::CatalogueSource& source : entry.sources) {
    const std::string scheme = source.name.substr(0, source.name.find(':'));
    const bool asked = scheme == "hf" || scheme == "ollama" || scheme == "modelscope";
    if (asked && std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) schemes.push_back(scheme);
  }
  return hub::order_sources(entry.sources, hub::remembered_race(schemes, hub::Layout{store.root()}), hub::is_in_china());
}

Result<hub::RemoteModel> find_in(const std::vector<hub::CatalogueSource>& order, const hub::CatalogueEntry& entry, const hub::Asking& asking) {
  const auto on_skip = [](const std::string& source, const Error& error) { note(msg("hub.source_skipped", source, error.text())); };
  SLM_TRY(remote, hub::find_in_sources(order, asking, on_skip));
  remote.license = entry.license;
  remote.entry = &entry;
  return remote;
}

// What is said before the first byte.
Status announce(hub::Store& store, const hub::CatalogueEntry& entry, const hub::RemoteModel& remote, const hub::Asking& asking, const EstimateFor& what) {
  SLM_TRY(plan, plan_of(store, remote, entry.name));
  SLM_TRY_STATUS(add_estimate(store, remote, asking, what, plan));
  const std::string kind = tr(entry.instruct ? "hub.plan.instruct" : "hub.plan.base");
  std::fputs((tr("hub.plan.means", entry.name, kind, entry.quantization, printable(entry.terms_in(language()))) + "\n" + plan_text(plan)).c_str(), stderr);
  return {};
}

void leave_out(const std::string& name, std::vector<hub::CatalogueSource>& order) {
  std::erase_if(order, [&](const hub::CatalogueSource& source) { return source.name == name; });
}

// From the source that was found and those of `order` that have the same bytes; what was tried in vain is taken out of it.
Result<hub::StoredModel> pull_found(hub::Store& store, const std::string& name, hub::RemoteModel remote, const hub::Asking& asking,
                                    std::vector<hub::CatalogueSource>& order) {
  HubProgress progress;
  const auto on_skip = [&](const std::string& source, const Error& error) { progress.say(tr("hub.source_skipped", source, error.text())); };
  hub::EqualSources equals(remote, order, asking, on_skip);
  remote.file.more = [&] { return equals.next(); };
  auto model = store.pull_remote(remote, name, asking, progress.callback());
  for (const std::string& source : equals.given()) leave_out(source, order);
  return model;
}

}  // namespace

Result<hub::RemoteModel> find_of_catalogue(const hub::Store& store, const hub::CatalogueEntry& entry, const hub::Asking& asking) {
  return find_in(ordered_sources(store, entry), entry, asking);
}

Result<hub::StoredModel> pull_of_catalogue(hub::Store& store, const hub::CatalogueEntry& entry, bool quiet, const EstimateFor& what) {
  install_interrupt_handler();
  hub::Asking asking;
  asking.cancelled = &interrupted();
  std::vector<hub::CatalogueSource> order = ordered_sources(store, entry);
  for (;;) {
    auto remote = find_in(order, entry, asking);
    if (!remote) {
      hub::forget_race(hub::Layout{store.root()});
      return tl::unexpected<Error>(remote.error());
    }
    leave_out(remote->source, order);
    Status said = quiet ? Status{} : announce(store, entry, *remote, asking, what);
    if (said) said = ask_for_consent(store, entry);
    auto model = said ? pull_found(store, entry.name, *remote, asking, order) : tl::unexpected<Error>(said.error());
    const bool next_may_do = !model && hub::may_ask_another(model.error()) && !order.empty() && !interrupted();
    if (!next_may_do) return model;
    note(msg("hub.source_skipped", remote->source, model.error().text()));
  }
}

}  // namespace slm::cli
