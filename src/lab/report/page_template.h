// data/report/report.html, report.css and report.js as they were when the program was built.
#pragma once

#include <string_view>

namespace slm::lab {

std::string_view page_html();
std::string_view page_style();
std::string_view page_script();

}  // namespace slm::lab
