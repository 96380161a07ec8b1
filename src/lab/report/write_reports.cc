#include "lab/report/write_reports.h"

#include <algorithm>
#include <functional>

#include "base/files.h"
#include "base/json.h"
#include "lab/comparison_table.h"
#include "lab/report/csv.h"
#include "lab/report/html.h"
#include "lab/report/read_comparison.h"
#include "lab/report/summary.h"

namespace slm::lab {
namespace {

// What follows from it stands first, under the heading.
Result<std::string> markdown_of(const Json& comparison) {
  SLM_TRY(read, read_comparison(comparison));
  std::string text = markdown_report(read);
  text.insert(std::min(text.find('\n') + 1, text.size()), "\n" + summary_text(comparison, language()) + "\n");
  return text;
}

}  // namespace

Status write_reports(const Json& comparison, const ReportPaths& paths) {
  const std::pair<const std::string&, std::function<Result<std::string>()>> forms[] = {
      {paths.html, [&] { return html_report(comparison); }},
      {paths.csv, [&] { return comparison_csv(comparison); }},
      {paths.markdown, [&] { return markdown_of(comparison); }},
      {paths.json, [&]() -> Result<std::string> { return to_text(comparison) + "\n"; }},
  };
  Status first;
  for (const auto& [path, render] : forms) {
    if (path.empty()) continue;
    const Result<std::string> text = render();
    const Status written = text ? write_file_atomically(path, *text) : Status(tl::unexpected<Error>(text.error()));
    if (first && !written) first = written;
  }
  return first;
}

}  // namespace slm::lab
