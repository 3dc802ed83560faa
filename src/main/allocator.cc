// How jemalloc (docs/adr/0002) keeps freed memory; read by it before main() starts.
//
// PERF: freed memory of a record's size stays for a moment, so that the next answer finds its
// pages; what is larger than that goes back at once. With jemalloc's own settings 32 records of 13
// MB asked for at once stay resident together; giving all back at once costs a record a third more
// time.
extern "C" {
// NOLINTNEXTLINE(readability-identifier-naming): the name jemalloc looks for
extern const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:2,background_thread:true,dirty_decay_ms:100,muzzy_decay_ms:0,"
    "oversize_threshold:4194304";
}
