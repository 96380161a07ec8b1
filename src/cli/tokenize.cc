#include "cli/tokenize.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/prompt_text.h"
#include "gguf/file.h"
#include "hub/store.h"
#include "tokenizer/tokenizer.h"

namespace slm::cli {
namespace {

struct TokenizeFlags {
  std::string model, text, encoding;
  std::vector<TokenId> decode;
  bool special = false, batch = false;
};

// The file stays open as long as its tokenizer.
struct OpenedTokenizer {
  std::shared_ptr<const gguf::File> file;
  std::shared_ptr<const Tokenizer> tokenizer;
};

Result<OpenedTokenizer> open_tokenizer(const std::string& model) {
  SLM_TRY(stored, hub::Store::open().resolve(model));
  SLM_TRY(file, gguf::File::open(stored.path));
  SLM_TRY(tokenizer, Tokenizer::open(*file));
  return OpenedTokenizer{file, tokenizer};
}

// A token's text on one line, in quotes; bytes that are no whole character as \xE4.
std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    const size_t good = first_invalid_utf8(bytes).value_or(bytes.size());
    const std::string text = to_text(Json(bytes.substr(0, good)));
    out.append(text, 1, text.size() - 2);
    if (good < bytes.size()) out += fmt::format("\\x{:02X}", static_cast<uint8_t>(bytes[good]));
    bytes.remove_prefix(std::min(good + 1, bytes.size()));
  }
  return out + "\"";
}

Json as_json(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
  Json pieces = Json::array(), texts = Json::array();
  for (const TokenId id : ids) {
    pieces.push_back(to_valid_utf8(tokenizer.piece(id)));
    texts.push_back(to_valid_utf8(tokenizer.bytes(id, true)));
  }
  return Json{{"tokenizer", tokenizer.model_name()}, {"count", ids.size()}, {"ids", ids},
              {"pieces", std::move(pieces)},         {"texts", std::move(texts)}};
}

Status print_ids(const Tokenizer& tokenizer, std::span<const TokenId> ids, bool json) {
  if (json) {
    print_json(as_json(tokenizer, ids));
    return {};
  }
  std::string lines;
  for (const TokenId id : ids) lines += fmt::format("{:>7}  {}\n", id, quoted(tokenizer.bytes(id, true)));
  write_out(lines);
  return {};
}

Status decode(const Tokenizer& tokenizer, const TokenizeFlags& flags, bool json) {
  for (const TokenId id : flags.decode) {
    if (id < 0 || static_cast<size_t>(id) >= tokenizer.size())
      return fail(ErrorKind::kUsage, "cli.tokenize.no_such_id", id, tokenizer.size());
  }
  const std::string text = tokenizer.decode(flags.decode, flags.special);
  if (json) {
    Json facts = as_json(tokenizer, flags.decode);
    facts["text"] = to_valid_utf8(text);
    print_json(facts);
  } else {
    write_out(text + "\n");
  }
  return {};
}

// One JSON string a line on stdin, one JSON array of ids a line on stdout.
Status encode_lines(const Tokenizer& tokenizer, const EncodeOptions& options) {
  SLM_TRY(input, read_descriptor(STDIN_FILENO));
  constexpr size_t kFlushBytes = 1u << 16;
  std::string out;
  size_t line_number = 0;
  for (size_t at = 0; at < input.size();) {
    const size_t end = std::min(input.find('\n', at), input.size());
    ++line_number;
    const auto text = parse_json(std::string_view(input).substr(at, end - at));
    if (!text || !text->is_string()) return fail(ErrorKind::kUsage, "cli.tokenize.bad_line", line_number);
    out += fmt::format("[{}]\n", fmt::join(tokenizer.encode(text->get_ref<const std::string&>(), options), ","));
    at = end + 1;
    if (out.size() < kFlushBytes && at < input.size()) continue;
    if (!write_out(out)) break;
    out.clear();
  }
  return {};
}

Status run(const TokenizeFlags& flags, bool has_text, bool has_decode, bool json) {
  if (static_cast<int>(has_text) + static_cast<int>(has_decode) + static_cast<int>(flags.batch) > 1)
    return fail(ErrorKind::kUsage, "cli.tokenize.one_of");
  SLM_TRY(opened, open_tokenizer(flags.model));
  const Tokenizer& tokenizer = *opened.tokenizer;
  const EncodeOptions options{.special = flags.special, .add_bos = true};
  if (has_decode) return decode(tokenizer, flags, json);
  if (flags.batch) return encode_lines(tokenizer, options);
  std::string bytes = flags.text;
  if (!has_text) {
    // Every byte counts here, so the line end at the end stays, unlike in a prompt.
    SLM_TRY(piped, read_descriptor(STDIN_FILENO));
    bytes = std::move(piped);
  }
  SLM_TRY(text, decode_text(bytes, flags.encoding, has_text ? "TEXT" : "stdin"));
  return print_ids(tokenizer, tokenizer.encode(text, options), json);
}

}  // namespace

Run setup_tokenize(CLI::App& app) {
  const auto flags = std::make_shared<TokenizeFlags>();
  app.add_option("MODEL", flags->model, tr("cli.model_argument"))->required();
  CLI::Option* text = app.add_option("TEXT", flags->text, tr("cli.tokenize.text"));
  CLI::Option* decode_ids = app.add_option("--decode", flags->decode, tr("cli.tokenize.decode"))
                                ->type_name("1,2,3")
                                ->delimiter(',')
                                ->expected(1, limits::kMaxContext);
  app.add_flag("--special", flags->special, tr("cli.flag.special_text"));
  app.add_flag("--batch", flags->batch, tr("cli.tokenize.batch"));
  app.add_option("--encoding", flags->encoding, tr("cli.flag.encoding"))->type_name("NAME");
  return [flags, text, decode_ids](const Context& context) {
    return run(*flags, text->count() > 0, decode_ids->count() > 0, context.json);
  };
}

}  // namespace slm::cli
