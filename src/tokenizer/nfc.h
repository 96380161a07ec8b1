// Unicode Normalization Form C (UAX #15) as the original tokenizers compute it: with the data of Unicode 9, so that
// characters assigned later neither compose nor reorder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slm::unicode {

// The offset of the first character that may keep `text` from being in NFC, or nothing: then it is in NFC as it stands.
std::optional<size_t> first_nfc_check(std::string_view text);

// NFC of any byte string; bytes that are not UTF-8 stay as they are and separate their neighbours.
std::string to_nfc(std::string_view text);

}  // namespace slm::unicode
