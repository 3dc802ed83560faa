# Helpers that keep every folder's CMakeLists.txt to one call.

add_library(continuum_options INTERFACE)
target_compile_options(continuum_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Werror -fno-omit-frame-pointer)
# simdjson's on-demand reader picks its kernel when compiled: without this it is 5x slower.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(CONTINUUM_MARCH "haswell" CACHE STRING "Oldest processor the program must run on")
  target_compile_options(continuum_options INTERFACE "-march=${CONTINUUM_MARCH}")
endif()
target_include_directories(continuum_options INTERFACE "${CMAKE_CURRENT_SOURCE_DIR}/src")
if(CONTINUUM_SANITIZE)
  target_compile_options(continuum_options INTERFACE
    "-fsanitize=${CONTINUUM_SANITIZE}" -fno-sanitize-recover=all)
  target_link_options(continuum_options INTERFACE "-fsanitize=${CONTINUUM_SANITIZE}")
endif()
if(CONTINUUM_FUZZ)
  target_compile_options(continuum_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

# continuum_library(NAME folder SRCS... HDRS... DEPS... [TESTS x_test.cc...] [TEST_SHARDS n]
#                   [FUZZERS x_fuzz.cc...])
#
# One library a folder: continuum_<NAME>. TESTS become one executable <NAME>_test, registered with
# ctest under the label "unit"; with TEST_SHARDS in so many parts, which run beside each other. Each
# FUZZERS file becomes its own libFuzzer executable when CONTINUUM_FUZZ is on; its seed corpus, if
# any, is tests/corpus/<file without .cc>/.
function(continuum_library)
  cmake_parse_arguments(ARG "" "NAME;TEST_SHARDS" "HDRS;SRCS;DEPS;TESTS;TEST_DEPS;FUZZERS" ${ARGN})
  set(target continuum_${ARG_NAME})
  if(ARG_SRCS)
    add_library(${target} STATIC ${ARG_SRCS} ${ARG_HDRS})
    target_link_libraries(${target} PUBLIC continuum_options ${ARG_DEPS})
  else()
    add_library(${target} INTERFACE ${ARG_HDRS})
    target_link_libraries(${target} INTERFACE continuum_options ${ARG_DEPS})
  endif()
  if(CONTINUUM_TESTS AND ARG_TESTS)
    add_executable(${ARG_NAME}_test ${ARG_TESTS})
    target_link_libraries(${ARG_NAME}_test PRIVATE ${target} ${ARG_TEST_DEPS} GTest::gtest_main)
    if(NOT ARG_TEST_SHARDS)
      set(ARG_TEST_SHARDS 1)
    endif()
    foreach(shard RANGE 1 ${ARG_TEST_SHARDS})
      set(test ${ARG_NAME}_test)
      if(ARG_TEST_SHARDS GREATER 1)
        string(APPEND test "_${shard}_of_${ARG_TEST_SHARDS}")
      endif()
      math(EXPR index "${shard} - 1")
      add_test(NAME ${test} COMMAND ${ARG_NAME}_test --gtest_brief=1
               WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
      set_tests_properties(${test} PROPERTIES LABELS unit ENVIRONMENT
        "GTEST_TOTAL_SHARDS=${ARG_TEST_SHARDS};GTEST_SHARD_INDEX=${index}")
    endforeach()
  endif()
  if(CONTINUUM_FUZZ)
    foreach(source ${ARG_FUZZERS})
      get_filename_component(fuzzer "${source}" NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE ${target} ${ARG_TEST_DEPS} -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY CONTINUUM_FUZZERS ${fuzzer})
    endforeach()
  endif()
endfunction()
