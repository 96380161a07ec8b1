#include "lab/audit/audit.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "cli/lab_commands.h"
#include "lab/audit/audit_report.h"

namespace slm::cli {
namespace {

struct AuditFlags {
  std::string claims, with, out;
  std::vector<std::string> only;
  bool summary = false;
};

Result<lab::audit::Audit> audit(const AuditFlags& flags) {
  lab::audit::AuditSetup setup;
  if (!flags.with.empty()) {
    SLM_TRY(measured, lab::audit::read_measured(flags.with));
    setup.measured = std::move(measured);
  }
  YamlNode claims;
  if (flags.claims.empty()) {
    claims = lab::audit::article_claims();
  } else {
    SLM_TRY(given, read_yaml_file(flags.claims));
    claims = std::move(given);
  }
  SLM_TRY(audit, lab::audit::audit_claims(claims, setup));
  if (flags.only.empty()) return audit;
  return lab::audit::only_claims(std::move(audit), flags.only);
}

Status run_audit(const AuditFlags& flags, const Context& context) {
  SLM_TRY(result, audit(flags));
  if (!flags.out.empty()) SLM_TRY_STATUS(write_file_atomically(flags.out, lab::audit::audit_markdown(result)));
  if (context.json) {
    print_json(lab::audit::audit_json(result));
  } else {
    write_out(flags.summary ? lab::audit::audit_summary(result) : lab::audit::audit_table(result));
  }
  return {};
}

}  // namespace

Run setup_audit(CLI::App& app) {
  auto flags = std::make_shared<AuditFlags>();
  app.add_option("CLAIMS", flags->claims, tr("lab.audit.flag.claims"))->type_name("FILE.yaml");
  app.add_option("--with", flags->with, tr("lab.audit.flag.with"))->type_name("FILE.json");
  app.add_option("--only", flags->only, tr("lab.audit.flag.only"))->type_name("ID,...")->delimiter(',');
  app.add_option("--out", flags->out, tr("lab.flag.out"))->type_name("FILE.md");
  app.add_flag("--summary", flags->summary, tr("lab.audit.flag.summary"));
  return [flags](const Context& context) { return run_audit(*flags, context); };
}

}  // namespace slm::cli
