# Every third-party library the project links, found once. docs/adr/0002 says why each was chosen.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)  # headers only
find_package(tl-expected REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
find_package(roaring REQUIRED)
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(LIBLZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(URING REQUIRED IMPORTED_TARGET liburing)

# The static library: the shared one pays a thread-local wrapper call for every key (docs/adr/0002).
find_library(ROCKSDB_STATIC NAMES librocksdb.a REQUIRED)
find_library(SNAPPY_LIBRARY NAMES snappy REQUIRED)
add_library(continuum_rocksdb INTERFACE)
target_link_libraries(continuum_rocksdb INTERFACE
  ${ROCKSDB_STATIC} PkgConfig::ZSTD PkgConfig::LIBLZ4 PkgConfig::URING ${SNAPPY_LIBRARY}
  ZLIB::ZLIB BZip2::BZip2 Threads::Threads ${CMAKE_DL_LIBS})

# Its core only: the package's own configuration wants a web server and a client with it.
find_library(PROMETHEUS_CORE_LIBRARY NAMES prometheus-cpp-core REQUIRED)
add_library(continuum_prometheus INTERFACE)
target_link_libraries(continuum_prometheus INTERFACE ${PROMETHEUS_CORE_LIBRARY})

if(CONTINUUM_TESTS)
  find_package(GTest REQUIRED)
  find_library(RAPIDCHECK_LIBRARY NAMES rapidcheck)
endif()
