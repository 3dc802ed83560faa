// For tests: what the files of a store say, deciphered: raw bytes of every file, and the rows of
// sorted files, whose blocks are compressed.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <filesystem>
#include <map>
#include <string>

#include "rocks/encryption.h"

namespace continuum::rocks {

inline std::string decoded_rows(rocksdb::Env& env, const std::string& path) {
  rocksdb::Options options;
  options.env = &env;
  rocksdb::SstFileReader reader(options);
  rocksdb::Status opened = reader.Open(path);
  EXPECT_TRUE(opened.ok()) << opened.ToString();
  std::string rows;
  std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator(rocksdb::ReadOptions()));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    rows += at->key().ToString() + "\n" + at->value().ToString() + "\n";
  }
  EXPECT_TRUE(at->status().ok()) << at->status().ToString();
  return rows;
}

// By name. Of the store in `folder`, which nobody has open.
inline std::map<std::string, std::string> decoded_files(const std::string& folder,
                                                        const crypto::Key& file_key) {
  auto env = rocksdb::NewCompositeEnv(enciphered(rocksdb::FileSystem::Default(), file_key));
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::string name = entry.path().filename();
    if (!entry.is_regular_file() || name == "LOCK" || entry.file_size() == 0) {
      continue;
    }
    std::string& bytes = files[name];
    rocksdb::Status read = rocksdb::ReadFileToString(env.get(), entry.path(), &bytes);
    EXPECT_TRUE(read.ok()) << name << ": " << read.ToString();
    if (name.ends_with(".sst")) {
      bytes += decoded_rows(*env, entry.path());
    }
  }
  return files;
}

}  // namespace continuum::rocks
