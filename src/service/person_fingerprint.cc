#include "service/person_fingerprint.h"

#include "base/bytes.h"
#include "crypto/digest.h"

namespace continuum::service {

Result<uint64_t> fingerprint(const record::Person& person) {
  std::string ords;
  for (const record::SourcePatient& member : person.members) {
    put_u48(ords, member.ord.value());
  }
  crypto::Digest digest = crypto::sha256(ords);
  return ByteReader(crypto::view(digest)).u64();
}

}  // namespace continuum::service
