// How jemalloc (docs/adr/0002) keeps freed memory; read by it before main() starts.
//
// PERF: with an arena a thread and its usual 10 s of keeping, 32 records of 13 MB asked for at once
// stay resident together; with glibc's one arena, threads wait for each other in half of all calls.
extern "C" {
// NOLINTNEXTLINE(readability-identifier-naming): the name jemalloc looks for
extern const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:2,dirty_decay_ms:20,muzzy_decay_ms:0,oversize_threshold:1048576,background_thread:"
    "true";
}
