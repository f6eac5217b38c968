# tailrace_library(NAME [DEPENDS target...]): one static library per folder, from every .cpp in it
# (not in its subfolders). Our warnings are errors on our targets only.
include_guard()

add_library(tailrace_options INTERFACE)
target_include_directories(tailrace_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tailrace_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -fstack-protector-strong -fno-omit-frame-pointer)
# A false positive of g++ 12 inside the standard library's own headers.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tailrace_options INTERFACE -Wno-restrict)
endif()
if(TAILRACE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "libFuzzer needs clang: tools/install-packages.sh test installs it; cmake --preset fuzz")
  endif()
  target_compile_options(tailrace_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TAILRACE_SANITIZE)
  target_compile_options(tailrace_options INTERFACE -fsanitize=${TAILRACE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tailrace_options INTERFACE -fsanitize=${TAILRACE_SANITIZE})
else()
  target_compile_definitions(tailrace_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endif()

function(tailrace_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC tailrace_options ${ARG_DEPENDS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE tailrace_options ${ARG_DEPENDS})
  endif()
endfunction()
