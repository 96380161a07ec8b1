// NVIDIA's management library, loaded by name at run time: the few calls that are needed, by their documented C signatures. What it answers
// comes from outside and is not trusted.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace slm::lab {

inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";

inline constexpr int kNvmlSuccess = 0;
inline constexpr int kNvmlInsufficientSize = 7;                         // of the list given: its length is what is needed
inline constexpr unsigned long long kNvmlNotAvailable = ~0ull;          // in place of a number
inline constexpr unsigned kMostGpus = 64;                               // of one machine
inline constexpr unsigned kMostGpuProcesses = 4'096;                    // of one GPU

// nvmlProcessInfo_t since version 2 of its calls.
struct NvmlProcess {
  unsigned pid;
  unsigned long long bytes;      // of GPU memory, or kNvmlNotAvailable
  unsigned gpu_instance, compute_instance;
};

// nvmlMemory_t
struct NvmlMemory {
  unsigned long long total, free, used;
};

struct NvmlCalls {
  using Device = void*;
  int (*init)() = nullptr;
  int (*shut_down)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*device)(unsigned index, Device*) = nullptr;
  int (*name)(Device, char* text, unsigned bytes) = nullptr;
  int (*memory)(Device, NvmlMemory*) = nullptr;
  int (*total_energy)(Device, unsigned long long* millijoules) = nullptr;  // Volta and later; since the driver was loaded
  int (*power)(Device, unsigned* milliwatts) = nullptr;
  int (*processes)(Device, unsigned* n, NvmlProcess*) = nullptr;           // that compute; null: a library older than its second version
};

// Shut down and closed at the end.
class NvmlLibrary {
 public:
  // Error: kNotFound: there is none, or it has no GPU that answers.
  static Result<std::shared_ptr<NvmlLibrary>> load(const std::string& file);
  ~NvmlLibrary();
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  const NvmlCalls& calls() const { return calls_; }
  unsigned gpus() const { return gpus_; }                   // 1 to kMostGpus
  Result<NvmlCalls::Device> device(unsigned index) const;   // Error: kNotFound.
  std::string name(NvmlCalls::Device device) const;         // fit to be shown

 private:
  explicit NvmlLibrary(const std::string& file);

  void* library_;
  NvmlCalls calls_;
  unsigned gpus_ = 0;
  bool started_ = false;
};

}  // namespace slm::lab
