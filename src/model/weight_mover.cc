#include "model/weight_mover.h"

#include <algorithm>
#include <cstring>

namespace slm {
namespace {

// As much as is held twice by each thread while it is copied.
constexpr size_t kPieceBytes = 1u << 20;

size_t bytes_of(const TensorView& matrix) { return size_t{matrix.rows} * matrix.row_bytes; }
// Of one matrix in the memory: each begins on a cache line.
size_t room_for(const TensorView& matrix) { return (bytes_of(matrix) + 63) / 64 * 64; }
// The file's own may be huge already.
bool is_in_huge_pages(const TensorView& matrix) { return bytes_in_huge_pages(matrix.data, bytes_of(matrix)) >= bytes_of(matrix) / 2; }

}  // namespace

WeightMover::WeightMover(Weights& weights, const MappedFile& file) : weights_(weights), file_(file) {
  left_.push_back(&weights.head);
  for (auto layer = weights.layers.rbegin(); layer != weights.layers.rend(); ++layer) {
    for (TensorView* matrix : {&layer->down, &layer->up, &layer->gate, &layer->o, &layer->v, &layer->k, &layer->q}) left_.push_back(matrix);
  }
  std::erase_if(left_, [](const TensorView* matrix) { return is_in_huge_pages(*matrix); });
  size_t bytes = 0;
  for (const TensorView* matrix : left_) bytes += room_for(*matrix);
  memory_ = std::make_unique<HugeMemory>(bytes);
  if (memory_->data() == nullptr) left_.clear();
}

bool WeightMover::move(size_t bytes, bool with_head, ThreadPool& pool) {
  for (size_t moved = 0; moved < bytes && !left_.empty(); left_.pop_back()) {
    TensorView& matrix = *left_.back();
    if (&matrix == &weights_.head && !with_head) break;
    std::byte* const to = memory_->data() + used_;
    copy(matrix, to, pool);
    if (weights_.embedding.data == matrix.data) weights_.embedding.data = to;
    matrix.data = to;
    used_ += room_for(matrix);
    moved += bytes_of(matrix);
  }
  return !left_.empty();
}

void WeightMover::copy(const TensorView& matrix, std::byte* to, ThreadPool& pool) const {
  const size_t offset = static_cast<size_t>(matrix.data - file_.bytes().data());
  pool.run([&](const Team& team) {
    const Team::Share share = team.share(bytes_of(matrix), kPieceBytes);
    for (size_t begin = share.begin; begin < share.end; begin += kPieceBytes) {
      const size_t n = std::min(kPieceBytes, share.end - begin);
      std::memcpy(to + begin, matrix.data + begin, n);
      file_.drop(offset + begin, n);
    }
  });
}

}  // namespace slm
