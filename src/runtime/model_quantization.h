// By which name people know how a model is quantised.
#pragma once

#include <string>

namespace slm {

namespace gguf {
class File;
}

struct ModelQuantization {
  std::string name;           // as it is published, "Q4_K_M"; "" where nobody told
  std::string most_bytes;     // "Q8_0": the type most bytes are of, where that is another than `name` speaks of; else ""
  double share = 0;           // of the bytes of all tensors, that are of that type

  // "Q4_K_M (71 % of the bytes Q8_0)", in the user's language.
  std::string text() const;
};

// The name of the header's general.file_type where the tensors agree with it: some matrix is of the type that the name speaks of, or of the
// one that stands in for it where its blocks do not divide a row. Else the type that most bytes are of.
ModelQuantization quantization_of(const gguf::File& file);

}  // namespace slm
