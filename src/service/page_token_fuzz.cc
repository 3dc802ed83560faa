// Any text as a page token is refused, whatever it is: only seal_page_token makes one.
#include "base/check.h"
#include "service/page_token.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace continuum;
  const crypto::Key key{7};
  const service::Address address{"Patient/x/$everything", "_count=10"};
  const service::PageSeal seal{key, "operator", address};
  std::string_view input(reinterpret_cast<const char*>(data), size);
  CHECK(!service::open_page_token(seal, input));

  // A true token with one byte of its text changed, chosen by the input.
  std::string token = service::seal_page_token(seal, {.t = size, .last = {}, .total = size});
  CHECK(service::open_page_token(seal, token).has_value());
  if (size >= 2) {
    size_t at = data[0] % token.size();
    char changed = static_cast<char>(data[1]);
    bool same = token[at] == changed;
    token[at] = changed;
    CHECK(service::open_page_token(seal, token).has_value() == same);
  }
  return 0;
}
