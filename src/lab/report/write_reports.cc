#include "lab/report/write_reports.h"

#include <functional>

#include "base/files.h"
#include "base/json.h"
#include "lab/comparison_table.h"
#include "lab/report/csv.h"
#include "lab/report/html.h"
#include "lab/report/read_comparison.h"

namespace slm::lab {

Status write_reports(const Json& comparison, const ReportPaths& paths) {
  const std::pair<const std::string&, std::function<Result<std::string>()>> forms[] = {
      {paths.html, [&] { return html_report(comparison); }},
      {paths.csv, [&] { return comparison_csv(comparison); }},
      {paths.markdown, [&] { return read_comparison(comparison).map([](const Comparison& read) { return markdown_report(read); }); }},
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
