# kernels/ with what it stands on, and their tests, out of sources and headers alone: another processor's compiler has no libraries to link with.
find_path(GTEST_SOURCE googletest/src/gtest-all.cc PATHS /usr/src/googletest NO_DEFAULT_PATH REQUIRED)
add_library(gtest STATIC ${GTEST_SOURCE}/googletest/src/gtest-all.cc ${GTEST_SOURCE}/googletest/src/gtest_main.cc)
target_include_directories(gtest SYSTEM PUBLIC ${GTEST_SOURCE}/googletest/include PRIVATE ${GTEST_SOURCE}/googletest)
target_compile_options(gtest PRIVATE -w)
find_package(Threads REQUIRED)
target_link_libraries(gtest PUBLIC Threads::Threads)
add_library(GTest::gtest ALIAS gtest)
add_library(GTest::gtest_main ALIAS gtest)

# The part of base/ that they use.
slm_room(base SOURCES src/base/result.cc src/base/message.cc)
target_compile_definitions(slm_base PUBLIC FMT_HEADER_ONLY)
add_subdirectory(src/tensor)
add_subdirectory(src/kernels)
