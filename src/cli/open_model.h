// What MODEL and the flags that open one mean, in one place for run, logits, show, bench, eval and compare:
// where the file is, whether it is instruct or base, which template it talks by.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/instruct.h"
#include "hub/catalogue.h"
#include "hub/store.h"
#include "runtime/runtime.h"

namespace CLI {
class App;
}

namespace slm::cli {

struct ModelFlags {
  std::string model;           // a name in the store, a catalogue name (see may_pull) or the path of a GGUF file
  std::string template_name;   // --template: a built-in template's name or a file; empty: the model's own
  uint32_t context = 0;        // --ctx; 0: the default (OpenOptions::context)
  std::string kv = "f16";      // --kv
  int threads = 0;             // --threads; 0: physical cores this process may use
  bool may_pull = false;       // not flags, set by the command: a catalogue name that is not in the store is pulled
  uint32_t sequences = 1;
  uint32_t max_batch_tokens = 256;
  bool screen_head = true;     // OpenOptions::screen_head
};
// Adds MODEL, --template, --ctx, --kv, --threads. `flags` outlives the parsing. `with_template`: whether --template is wanted.
void add_model_flags(CLI::App& app, ModelFlags& flags, bool with_template = true);

struct ResolvedModel {
  hub::StoredModel stored;                       // name, path, bytes, sha256 ("" for a bare file), licence
  const hub::CatalogueEntry* entry = nullptr;    // null: not in the catalogue
  ModelFacts facts;
  OpenOptions options;                           // ready for Runtime::open
  InstructReason reason = InstructReason::kDefault;
  bool is_instruct() const { return options.is_instruct; }
  // By its template (instruct, or --template was given), or as text to continue.
  bool talks = true;
};

// Finds the file (with may_pull, fetching what the catalogue knows, after consent where its licence asks for it) and reads its
// header. Errors: kNotFound with the nearest spelling, kUsage (--kv, --template), those of pull and of gguf.
Result<ResolvedModel> resolve_model(const ModelFlags& flags);

struct OpenedModel {
  ResolvedModel resolved;
  std::unique_ptr<Runtime> runtime;
};
// resolve_model() and Runtime::open(); says the memory plan, and the context where it had to be reduced, on stderr
// (say_memory_plan). `quiet`: says nothing.
Result<OpenedModel> resolve_and_open(const ModelFlags& flags, bool quiet = false);

void say_memory_plan(const Runtime& runtime);

}  // namespace slm::cli
