# Warnings, sanitizers.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror -fno-math-errno -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlaps that cannot be in "literal" + std::string (its bug 105651).
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()
# Joined sources (the sanitizers' presets) are no header that could be included twice.
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:$<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-subobject-linkage>>)
if(SLM_SANITIZE)
  # Lines are what a stack trace needs; whole debug information takes a quarter of the build's time.
  add_compile_options(-fsanitize=${SLM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=${SLM_SANITIZE})
endif()
if(SLM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -g1)
  add_link_options(-fsanitize=address,undefined)
endif()
