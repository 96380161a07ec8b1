// What every line of progress on stderr shares: how wide it may be, and how it says what is left.
#pragma once

#include <cstddef>
#include <string>

namespace slm::cli {

// Of stderr's terminal, its last column left free, since some wrap when it is written; 79 where there is none, or it does not tell.
size_t status_columns();

// "0:05 left", "12:30 left", "1:02:03 left"; "" from 100 hours on: of that nothing is known.
std::string time_left_text(double seconds);

}  // namespace slm::cli
