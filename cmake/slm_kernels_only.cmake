# kernels/ with what it stands on, and their tests, out of sources and headers alone: another processor's compiler has no libraries to link with.
find_path(GTEST_SOURCE googletest/src/gtest-all.cc PATHS /usr/src/googletest NO_DEFAULT_PATH REQUIRED)
add_library(gtest STATIC ${GTEST_SOURCE}/googletest/src/gtest-all.cc ${GTEST_SOURCE}/googletest/src/gtest_main.cc)
target_include_directories(gtest SYSTEM PUBLIC ${GTEST_SOURCE}/googletest/include PRIVATE ${GTEST_SOURCE}/googletest)
target_compile_options(gtest PRIVATE -w)
find_package(Threads REQUIRED)
target_link_libraries(gtest PUBLIC Threads::Threads)
add_library(GTest::gtest ALIAS gtest)
add_library(GTest::gtest_main ALIAS gtest)

# fmt, header-only, in one object: those of isa/ may not hold functions of it, which a linker merges with others'.
file(CONFIGURE OUTPUT fmt.cc CONTENT "#define FMT_HEADER_ONLY
#include <fmt/format.h>
std::string (*slm_keep_vformat)(fmt::string_view, fmt::format_args) = fmt::vformat;
")
add_library(fmt STATIC ${CMAKE_CURRENT_BINARY_DIR}/fmt.cc)

# The part of base/ that they use.
slm_room(base SOURCES src/base/result.cc src/base/message.cc LIBS fmt)
add_subdirectory(src/tensor)
add_subdirectory(src/kernels)
