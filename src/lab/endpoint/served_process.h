// The process behind an endpoint on this machine, and what it takes.
#pragma once

#include <string>
#include <vector>

#include "base/machine.h"
#include "base/result.h"
#include "lab/endpoint/address.h"

namespace slm::lab {

struct ServedProcess {
  int pid = 0;             // the server
  std::vector<int> all;    // it and its descendants: servers start a process a model
};

// By the user's --pid, else by who listens on the port. `root` is put before /proc; "" is this machine.
// Errors: kNotFound, whose text is the reason: not on this machine, nobody who listens can be seen, a container's door-keeper, the process
// named is not there or has ended.
Result<ServedProcess> find_served_process(const EndpointAddress& address, const std::string& root = "");

// Remembers which process the address's pid is. Errors: kNotFound: there is none.
Status note_pid(EndpointAddress& address);

// Why the process named by --pid may not be the one that serves: another one listens on the port, or its files are not to be seen. "" where
// nothing speaks against it, or none was named.
Message doubt_about_pid(const EndpointAddress& address, const std::string& root = "");

// Of all of them together: pages that they share are counted as often as they are mapped.
ProcessMemory memory_of(const ServedProcess& process);

// Whether one of them has a GPU open (NVIDIA's, AMD's, or by the kernel's render devices): host memory and the processor's joules then
// tell only a part. `root` as above.
bool holds_gpu(const ServedProcess& process, const std::string& root = "");

// The same as long as the process runs, and of no other: boot, pid and time of its start. "" when it is gone.
std::string process_identity(int pid);

}  // namespace slm::lab
