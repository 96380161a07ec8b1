// Any bytes as a data file in the format its first byte names: records or an error with the file's name, never a crash or a hang.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lab/tasks/data_records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using slm::lab::DataFormat;
  if (size == 0) return 0;
  slm::lab::RecordShape shape;
  constexpr DataFormat kFormats[] = {DataFormat::kJsonLines, DataFormat::kJson, DataFormat::kCsv, DataFormat::kTsv, DataFormat::kLines};
  shape.format = kFormats[data[0] % 5];
  if (shape.format == DataFormat::kTsv || shape.format == DataFormat::kLines) shape.columns = {"a", "b", "b"};
  if (data[0] & 0x80) shape.each = "*.1.*";
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto records = slm::lab::read_records(text, "f.data", shape, {});
  if (records) {
    SLM_CHECK(!records->empty());
  } else {
    SLM_CHECK(records.error().text().find("f.data") != std::string::npos);
  }
  if (const auto keyed = slm::lab::read_keyed_records(text, "f.data"); !keyed) {
    SLM_CHECK(keyed.error().text().find("f.data") != std::string::npos);
  }
  return 0;
}
