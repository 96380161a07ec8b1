// An endpoint's model as what tasks with written answers need.
#pragma once

#include <memory>
#include <string>

#include "lab/endpoint/endpoint.h"
#include "lab/generator.h"

namespace slm::lab {

class EndpointGenerator : public Generator {
 public:
  // `identity`: endpoint_identity().
  EndpointGenerator(std::shared_ptr<Endpoint> endpoint, std::string identity) : endpoint_(std::move(endpoint)), identity_(std::move(identity)) {}
  // The server applies the template; whether there is one cannot be seen from here.
  bool is_chat() const override { return true; }
  std::string identity() const override { return identity_; }
  Result<GeneratedAnswer> generate(const GenerateRequest& request, const std::atomic<bool>* cancelled) override;

 private:
  std::shared_ptr<Endpoint> endpoint_;
  std::string identity_;
};

// What its answers depend on: the digest that the endpoint gives of the model (Ollama), else, for a server on this machine, its process: one
// that started once keeps what it loaded. "" of any other: a name says nothing of the weights behind it, and answers are not kept.
std::string endpoint_identity(const Endpoint& endpoint);

}  // namespace slm::lab
