// The operator token: until people have identities of their own, only its holder is answered.
//
// 32 random bytes as base64url in a file that only its owner can read, outside the data folder (so
// that a copy of the data is no key to it). It is never logged and never part of an error.
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace continuum::api {

class OperatorToken {
 public:
  explicit OperatorToken(std::string_view text);

  // From the file, which is made when absent. kInvalid: what is there is no token. kForbidden:
  // others than its owner can read it.
  static Result<OperatorToken> load_or_create(FileSystem& files, const std::string& path,
                                              Random& random);

  // Whether an Authorization field carries it ("Bearer <token>"); in time that tells nothing of
  // where a wrong one differs.
  bool is_in(std::string_view authorization) const;

 private:
  crypto::Digest digest_;
};

}  // namespace continuum::api
