// One Bundle of 25,000 entries through the real program: taken whole, in bounded memory.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

constexpr int kObservations = 24'999;
constexpr long kCacheMb = 64;
constexpr long kBesidesCacheMb = 300;

void write_bundle(const std::filesystem::path& path) {
  std::ofstream out(path);
  out << R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:p",)"
      << R"("resource":{"resourceType":"Patient","id":"p"},)"
      << R"("request":{"method":"POST","url":"Patient"}})";
  for (int i = 0; i < kObservations; ++i) {
    out << R"(,{"fullUrl":"urn:uuid:o)" << i
        << R"(","resource":{"resourceType":"Observation","id":"o)" << i
        << R"(","status":"final","category":[{"coding":[{"system":)"
        << R"("http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],)"
        << R"("code":{"coding":[{"system":"http://example.org/codes","code":"c)" << i % 400
        << R"(","display":"A thing that was measured"}],"text":"A thing that was measured"},)"
        << R"("subject":{"reference":"urn:uuid:p"},"effectiveDateTime":"2020-01-)" << 10 + i % 20
        << R"(T10:00:00+00:00","valueQuantity":{"value":)" << i << R"(.50,"unit":"mmol/L",)"
        << R"("system":"http://unitsofmeasure.org","code":"mmol/L"}},)"
        << R"("request":{"method":"POST","url":"Observation"}})";
  }
  out << "]}";
}

struct Ran {
  int exit_code = -1;
  long peak_mb = 0;
  std::string output;
};

Ran run_load(const std::filesystem::path& folder) {
  std::string output = folder / "out.txt";
  std::string bundle = folder / "bundle.json";
  std::string data = folder / "data";
  std::string cache = std::to_string(kCacheMb);
  std::fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (std::freopen(output.c_str(), "w", stdout) == nullptr) {
      _exit(126);
    }
    execl(CONTINUUM_PROGRAM, "continuum", "load", bundle.c_str(), "--data", data.c_str(),
          "--cache-mb", cache.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  Ran ran;
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ran.peak_mb = usage.ru_maxrss / 1024;
  std::ifstream in(output);
  ran.output.assign(std::istreambuf_iterator<char>(in), {});
  return ran;
}

TEST(BigBundle, LoadsWholeInBoundedMemory) {
  auto folder =
      std::filesystem::temp_directory_path() / ("continuum_big_bundle." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  setenv("CONTINUUM_REGION_KEY", std::string(64, 'a').c_str(), 1);
  write_bundle(folder / "bundle.json");
  auto bundle_mb = std::filesystem::file_size(folder / "bundle.json") >> 20;
  Ran first = run_load(folder);
  EXPECT_EQ(first.exit_code, 0) << first.output;
  EXPECT_NE(first.output.find("loaded 25000 resources"), std::string::npos) << first.output;
  Ran second = run_load(folder);
  EXPECT_EQ(second.exit_code, 0) << second.output;
  std::printf(
      "bundle of %d entries, %ju MB: peak memory %ld MB, again %ld MB, of which cache %ld\n",
      kObservations + 1, static_cast<uintmax_t>(bundle_mb), first.peak_mb, second.peak_mb,
      kCacheMb);
#ifdef NDEBUG
  EXPECT_LT(first.peak_mb, kCacheMb + kBesidesCacheMb);
  EXPECT_LT(second.peak_mb, kCacheMb + kBesidesCacheMb);
#endif
  std::filesystem::remove_all(folder);
}

}  // namespace
