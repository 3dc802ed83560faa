#include "record/backup_manifest.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace continuum::record {
namespace {

BackupMoment moment_of(const BackupKey& key) {
  BackupMoment moment;
  moment.number = 3;
  moment.instant = {1'700'000'000'000'000};
  moment.program = "1.2.3";
  moment.facts = {.format = 2, .t = 42, .ledger_size = 17, .ledger_root = {9}};
  moment.key_mark = key.mark();
  moment.files = {{"000012.sst", 5, file_start("12345"), crypto::sha256("12345")},
                  {"CURRENT", 0, file_start(""), crypto::sha256("")}};
  return moment;
}
BackupKey key_of(uint8_t first) {
  crypto::Key key{};
  key[0] = first;
  return BackupKey(key);
}

TEST(BackupManifest, IsReadAsItWasWritten) {
  BackupKey key = key_of(1);
  const BackupMoment moment = moment_of(key);
  const std::string text = encode_manifest(moment, key);
  auto read = decode_manifest(text);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->name(), "3-20231114T221320Z");
  EXPECT_EQ(read->instant, moment.instant);
  EXPECT_EQ(read->program, "1.2.3");
  EXPECT_EQ(read->facts.format, 2U);
  EXPECT_EQ(read->facts.t, 42U);
  EXPECT_EQ(read->facts.ledger_size, 17U);
  EXPECT_EQ(read->facts.ledger_root, moment.facts.ledger_root);
  EXPECT_EQ(read->files, moment.files);
  EXPECT_EQ(read->bytes(), 5U);
  EXPECT_TRUE(check_manifest(text, *read, key));
  EXPECT_EQ(check_manifest(text, *read, key_of(2)).error().code, ErrorCode::kForbidden);
}

// The text as docs/backup_format.md has it.
TEST(BackupManifest, IsTheDocumentedText) {
  BackupKey key = key_of(1);
  const std::string text = encode_manifest(moment_of(key), key);
  const std::string start =
      "continuum backup 1\nmoment 3\ninstant 2023-11-14T22:13:20.000Z\nprogram 1.2.3\nformat 2\n"
      "t 42\nledger 17 09" +
      std::string(62, '0') + "\nkeys ";
  EXPECT_EQ(text.substr(0, start.size()), start);
  EXPECT_NE(text.find("\nfiles 2\nfile "
                      "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5 5 "
                      "5994471abb01112afcc18159f6cc74b4 000012.sst\nfile e3b0c44298fc1c14"),
            std::string::npos)
      << text;
}

TEST(BackupManifest, ShowsEveryChange) {
  BackupKey key = key_of(1);
  const BackupMoment moment = moment_of(key);
  const std::string text = encode_manifest(moment, key);
  auto accepted = [&](const std::string& changed) {
    auto read = decode_manifest(changed);
    return read && check_manifest(changed, *read, key);
  };
  ASSERT_TRUE(accepted(text));
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(accepted(text.substr(0, i))) << "cut at " << i;
    for (int flip : {1, 0x20, 0x40}) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      EXPECT_FALSE(accepted(changed)) << "byte " << i;
    }
  }
  EXPECT_FALSE(accepted(text + "\n"));
  EXPECT_FALSE(accepted(text + text));
  EXPECT_EQ(decode_manifest("continuum backup 2\n").error().code, ErrorCode::kUnsupported);
}

// Who knows the format and not the key can set the digest right, and no more.
TEST(BackupManifest, CanNotBeForged) {
  BackupKey key = key_of(1);
  BackupMoment moment = moment_of(key);
  BackupKey forger = key_of(2);
  moment.key_mark = forger.mark();
  moment.facts.t = 43;
  std::string text = encode_manifest(moment, forger);
  auto of_other = decode_manifest(text);
  ASSERT_TRUE(of_other);
  EXPECT_EQ(check_manifest(text, *of_other, key).error().code, ErrorCode::kForbidden);

  std::string real = encode_manifest(moment_of(key), key);
  std::string changed = real;
  changed.replace(changed.find("\nt 42\n"), 6, "\nt 43\n");
  size_t end = changed.find("digest ");
  std::string digest = to_hex(crypto::view(crypto::sha256(changed.substr(0, end))));
  changed.replace(end + 7, digest.size(), digest);
  auto read = decode_manifest(changed);
  ASSERT_TRUE(read) << "as who has no key reads it";
  EXPECT_EQ(check_manifest(changed, *read, key).error().code, ErrorCode::kCorrupt);
}

TEST(BackupManifest, NamesNoFileOutsideItsFolder) {
  BackupKey key = key_of(1);
  for (const char* name : {"", ".", "..", "../x", "a/b", ".hidden", "a b", "a\nb", "\xC3\xA4"}) {
    BackupMoment moment = moment_of(key);
    moment.files = {{name, 0, file_start(""), crypto::sha256("")}};
    EXPECT_EQ(decode_manifest(encode_manifest(moment, key)).error().code, ErrorCode::kCorrupt)
        << name;
  }
  BackupMoment moment = moment_of(key);
  std::swap(moment.files[0], moment.files[1]);
  EXPECT_FALSE(decode_manifest(encode_manifest(moment, key))) << "out of order";
  moment.files[0] = moment.files[1];
  EXPECT_FALSE(decode_manifest(encode_manifest(moment, key))) << "twice";
}

}  // namespace
}  // namespace continuum::record
