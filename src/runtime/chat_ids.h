// A rendered chat -> ids, so that only the template can make control tokens.
#pragma once

#include <vector>

#include "chat/template.h"
#include "tokenizer/tokenizer.h"

namespace slm {

// Control tokens' texts become tokens where the template wrote them, and stay text where a message did. Between control
// tokens, text of both kinds is encoded together, as the model saw it in training: a line feed of the template and one
// that begins the message may be one token. BOS is prepended where the tokenizer asks for it and the template wrote none.
std::vector<TokenId> encode_pieces(const Tokenizer& tokenizer, const std::vector<chat::PromptPiece>& pieces);

}  // namespace slm
