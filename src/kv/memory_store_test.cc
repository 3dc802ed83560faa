#include "kv/memory_store.h"

#include "kv/store_contract_test.h"

namespace continuum::kv {

TEST(MemoryStore, HasNoFilesToFreeze) {
  EXPECT_EQ(make_memory_store(1)->freeze("/frozen").error().code, ErrorCode::kUnsupported);
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(ContractSubject{"memory",
                                                         [] { return make_memory_store(2); }}),
                         [](const auto& info) { return info.param.name; });

}  // namespace continuum::kv
