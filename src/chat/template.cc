#include "chat/template.h"

#include <ctime>

#include "base/text.h"
#include "chat/context.h"
#include "chat/interpreter.h"
#include "chat/parser.h"

namespace slm::chat {

struct Template::Impl {
  Block block;
};

Template::Template() : impl_(std::make_unique<Impl>()) {}
Template::~Template() = default;

Result<std::shared_ptr<const Template>> Template::compile(std::string_view source) {
  if (source.size() > limits::kTemplateMaxSourceBytes) {
    return fail(ErrorKind::kCorrupt, "chat.template_too_large", source.size(), limits::kTemplateMaxSourceBytes);
  }
  if (const auto offset = first_invalid_utf8(source)) {
    return fail(ErrorKind::kCorrupt, "chat.template_not_utf8", *offset);
  }
  std::shared_ptr<Template> compiled(new Template());
  try {
    compiled->impl_->block = parse_template(source);
  } catch (Failure& failure) {
    return tl::unexpected<Error>(to_error(std::move(failure), ErrorKind::kCorrupt, 1));
  }
  return std::shared_ptr<const Template>(std::move(compiled));
}

Result<std::vector<PromptPiece>> Template::render(std::string_view context_json, const std::tm* now) const {
  SLM_TRY(context, context_from_json(context_json));
  std::tm local{};
  if (now == nullptr) {
    const std::time_t seconds = std::time(nullptr);
    localtime_r(&seconds, &local);
  }
  Interpreter interpreter(context, now == nullptr ? local : *now);
  try {
    return interpreter.run(impl_->block).pieces();
  } catch (Failure& failure) {
    return tl::unexpected<Error>(to_error(std::move(failure), ErrorKind::kFailed, interpreter.line()));
  }
}

}  // namespace slm::chat
