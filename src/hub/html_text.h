// A web page as plain text, for licence texts that come as one.
#pragma once

#include <string>
#include <string_view>

namespace slm::hub {

// What stands between the first <h1> and the end of its article (the whole page where there is none), one block a paragraph,
// wrapped at `columns`; scripts, styles and buttons left out, entities decoded. Any bytes give some text.
std::string html_to_text(std::string_view html, size_t columns = 78);

}  // namespace slm::hub
