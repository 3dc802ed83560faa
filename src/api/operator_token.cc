#include "api/operator_token.h"

#include <sys/stat.h>

#include "api/limits.h"
#include "base/bytes.h"
#include "http/message.h"

namespace continuum::api {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr std::string_view kScheme = "Bearer ";

Status check_private(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorCode::kForbidden,
                "the operator token can be read by others: chmod 600 the file, or remove it and a "
                "new one is made",
                {{path, "expected to be for its owner only"}});
  }
  return {};
}

}  // namespace

OperatorToken::OperatorToken(std::string_view text) : digest_(crypto::sha256(text)) {}

Result<OperatorToken> OperatorToken::load_or_create(FileSystem& files, const std::string& path,
                                                    Random& random) {
  if (!files.exists(path)) {
    std::string text = to_base64url(random.bytes(kTokenBytes));
    TRY(replace_file(files, path, text + '\n'));
    return OperatorToken(text);
  }
  TRY(check_private(path));
  TRY(std::string text, read_file(files, path, kTokenFileBytesMax));
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) {
    text.pop_back();
  }
  auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != kTokenBytes) {
    return fail(ErrorCode::kInvalid, "the file holds no operator token: remove it and a new one is "
                                     "made",
                {{path, "expected 43 characters of base64url"}});
  }
  return OperatorToken(text);
}

bool OperatorToken::is_in(std::string_view authorization) const {
  if (authorization.size() < kScheme.size() ||
      !http::equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  crypto::Digest given = crypto::sha256(authorization.substr(kScheme.size()));
  return crypto::equal_in_constant_time(crypto::view(given), crypto::view(digest_));
}

}  // namespace continuum::api
