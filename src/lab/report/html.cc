#include "lab/report/html.h"

#include <openssl/evp.h>

#include <vector>

#include "base/json.h"
#include "base/message.h"
#include "base/text.h"
#include "lab/report/comparison_shape.h"
#include "lab/report/page_template.h"
#include "lab/report/page_texts.h"
#include "lab/report/summary.h"

namespace slm::lab {
namespace {

// "sha256-...": how a content security policy names a script or a style that it allows.
std::string policy_hash(std::string_view content) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  SLM_CHECK(EVP_Digest(content.data(), content.size(), digest, &length, EVP_sha256(), nullptr) == 1);
  std::vector<unsigned char> base64(4 * ((length + 2) / 3) + 1);
  const int written = EVP_EncodeBlock(base64.data(), digest, static_cast<int>(length));
  return "sha256-" + std::string(base64.begin(), base64.begin() + written);
}

// The template with each {{name}} replaced; what is put in is not looked at again.
std::string filled(std::string_view page, const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out;
  for (size_t at; (at = page.find("{{")) != std::string_view::npos;) {
    out += page.substr(0, at);
    const size_t end = page.find("}}", at);
    SLM_CHECK(end != std::string_view::npos);
    const std::string_view name = page.substr(at + 2, end - at - 2);
    bool known = false;
    for (const auto& [key, value] : values) {
      if (key != name) continue;
      out += value;
      known = true;
    }
    SLM_CHECK(known);
    page.remove_prefix(end + 2);
  }
  return out + std::string(page);
}

Json summary_json(const Json& comparison, Language language) {
  Json parts = Json::array();
  for (const SummaryPart& part : summarize_comparison(comparison, language)) parts.push_back({{"part", part.part}, {"text", part.text}});
  return parts;
}

// What a browser without scripts shows.
std::string without_script(const Json& comparison) {
  std::string html;
  for (const auto& [language, code] : {std::pair{Language::kEnglish, "en"}, {Language::kChinese, "zh-CN"}}) {
    html += "<p lang=\"" + std::string(code) + "\">";
    for (const SummaryPart& part : summarize_comparison(comparison, language)) html += html_text(part.text) + " ";
    html += html_text(render(msg("lab.report.without_script"), language)) + "</p>";
  }
  return html;
}

}  // namespace

std::string json_in_script(const Json& json) {
  const std::string text = to_text(json);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view next = std::string_view(text).substr(i, 3);
    if (text[i] == '<') {
      out += "\\u003c";
    } else if (next == "\u2028" || next == "\u2029") {
      out += next == "\u2028" ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : to_valid_utf8(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

Result<std::string> html_report(const Json& comparison) {
  SLM_TRY_STATUS(check_comparison(comparison));
  const auto name = [&](size_t which) { return comparison["models"][which]["name"].get<std::string>(); };
  const Json data = {{"comparison", comparison},
                     {"summary", {{"en", summary_json(comparison, Language::kEnglish)}, {"zh", summary_json(comparison, Language::kChinese)}}},
                     {"texts", page_texts()}};
  return filled(page_html(), {{"script-hash", policy_hash(page_script())},
                              {"style-hash", policy_hash(page_style())},
                              {"title", html_text(render(msg("lab.table.heading", name(0), name(1)), Language::kEnglish))},
                              {"style", std::string(page_style())},
                              {"without-script", without_script(comparison)},
                              {"data", json_in_script(data)},
                              {"script", std::string(page_script())}});
}

}  // namespace slm::lab
