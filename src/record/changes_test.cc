// What each source changed, and the versions of an ord, against the rows there are.
#include <algorithm>

#include "record/store_fixture_test.h"

namespace continuum::record {
namespace {

struct Known {
  VersionKey key;
  Change change;
};

Known known(const ItemKey& key, const RowHeader& header) {
  return {{header.t, key}, {key, header.version, header.deleted, header.source}};
}

class ChangesTest : public testing::TestWithParam<Engine> {
 protected:
  // Every version that has a row, whatever the family `changes` says.
  std::vector<Known> all_versions() {
    std::vector<Known> all;
    store_.with_rows([&](kv::Store& kv) {
      auto snapshot = kv.snapshot();
      for (FamilyNumber family : {kCurrent, kHistory}) {
        for (const auto& [key, value] : all_rows(*snapshot, family)) {
          all.push_back(known(*decode_item_key(key), decode_row(value)->header));
        }
      }
    });
    return all;
  }
  static std::vector<Known> of(std::vector<Known> all, SourceNumber source, Order order, T from,
                               T to) {
    std::erase_if(all, [&](const Known& one) {
      return one.change.source != source || one.key.t < from || one.key.t > to;
    });
    std::sort(all.begin(), all.end(), [order](const Known& a, const Known& b) {
      return comes_before(a.key, b.key, order);
    });
    return all;
  }
  // In pages of random sizes.
  std::vector<Known> told(ChangesQuery query, SeededRandom& random) {
    std::vector<Known> out;
    auto view = store_->view();
    for (bool more = true; more;) {
      uint64_t left = 1 + random.below(7);
      more = false;
      Status scanned = view->scan_changes(query, [&](T t, const Change& change) -> Result<bool> {
        more = left == 0;
        if (!more) {
          --left;
          out.push_back({{t, change.item}, change});
          query.after = out.back().key;
        }
        return !more;
      });
      EXPECT_TRUE(scanned) << scanned.error().text();
    }
    return out;
  }
  static void expect_same(const std::vector<Known>& told, const std::vector<Known>& expected) {
    ASSERT_EQ(told.size(), expected.size());
    for (size_t i = 0; i < told.size(); ++i) {
      EXPECT_EQ(told[i].key, expected[i].key) << i;
      EXPECT_EQ(told[i].change, expected[i].change) << i;
    }
  }

  Draw draw_of(SeededRandom& random) const {
    Draw draw;
    draw.source = random.below(3) == 0 ? "trust" : "gp";
    std::string patient = "p" + std::to_string(random.below(4));
    if (random.below(4) == 0) {
      draw.own_id = draw.home = patient;
      draw.members = R"("active":)" + std::string(random.below(2) == 0 ? "true" : "false");
      return draw;
    }
    uint64_t number = random.below(12);
    draw.type = number % 2 == 0 ? "Observation" : "Condition";
    draw.own_id = "r" + std::to_string(number);
    // Which patient follows from the number; some wait for it first, or are there again.
    draw.home = "p" + std::to_string(number % 4);
    if (number % 5 == 0) {
      draw.also = {"p" + std::to_string((number + 1 + random.below(2)) % 4)};
    } else if (number % 3 == 0 && random.below(2) == 0) {
      draw.home = "quarantine";
    }
    draw.members = R"("status":")" + std::to_string(random.below(1000)) + "\"";
    return draw;
  }
  // Some are refused (what is not there can't be deleted).
  void change_something(SeededRandom& random) {
    Writer writer = store_.writer();
    store_.clock().advance_micros(static_cast<int64_t>(random.below(3)) * 700);
    if (random.below(12) == 0) {
      std::string number = std::to_string(++loads_);
      ASSERT_TRUE(writer.load({{"Observation", "l" + number, "p1"},
                               {"Condition", "m" + number, "p2"},
                               {"Organization", "o" + number, "shared"}}));
      return;
    }
    Draw draw = draw_of(random);
    static_cast<void>(random.below(5) == 0 ? writer.remove(draw) : writer.put(draw));
  }

  int loads_ = 0;
  TestStore store_{GetParam()};
};

TEST_P(ChangesTest, AreThoseOfTheRows) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int round = 0; round < 6; ++round) {
    for (int step = 0; step < 25; ++step) {
      change_something(random);
    }
    if (round == 4) {
      auto ord = store_.writer().home({"Patient", "p1", "p1"});
      auto plan = store_->plan_erasure(*ord);
      if (plan) {
        ASSERT_TRUE(store_->erase({*ord, plan->state, "me", "asked"}, {}));
      }
    }
    auto all = all_versions();
    ASSERT_GT(all.size(), 10U);
    ASSERT_EQ(store_.writer().findings(), std::vector<std::string>{});
    T last = store_->view()->stable_t();
    T from = 1 + random.below(last);
    T to = from + random.below(last);
    for (const char* name : {"gp", "trust"}) {
      SourceNumber source = *store_->register_source(name);
      for (Order order : {Order::kNewestFirst, Order::kOldestFirst}) {
        expect_same(told({source, 1, last, order, {}}, random), of(all, source, order, 1, last));
        expect_same(told({source, from, to, order, {}}, random), of(all, source, order, from, to));
      }
    }
  }
}

TEST_P(ChangesTest, LeadToTheirVersions) {
  uint64_t seed = SecureRandom().u64();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  for (int step = 0; step < 80; ++step) {
    change_something(random);
  }
  auto all = all_versions();
  auto view = store_->view();
  std::map<ItemKey, std::vector<Known>> by_item;  // newest first
  std::sort(all.begin(), all.end(), [](const Known& a, const Known& b) {
    return comes_before(a.key, b.key, Order::kNewestFirst);
  });
  for (const Known& one : all) {
    by_item[one.key.item].push_back(one);
  }
  std::set<Ord> ords;
  for (const auto& [item, versions] : by_item) {
    ords.insert(item.ord);
    for (size_t i = 0; i < versions.size(); ++i) {
      const VersionKey& key = versions[i].key;
      auto found = view->read_version_of(key);
      ASSERT_TRUE(found);
      EXPECT_EQ(known(item, found->row.header).change, versions[i].change);
      auto before = view->version_before(key);
      auto after = view->version_after(key);
      ASSERT_TRUE(before && after);
      EXPECT_EQ(*before ? (*before)->t : 0, i + 1 < versions.size() ? versions[i + 1].key.t : 0);
      EXPECT_EQ(*after ? (*after)->t : 0, i > 0 ? versions[i - 1].key.t : 0);
      EXPECT_EQ(view->read_version_of({key.t + 1000, item}).error().code, ErrorCode::kNotFound);
      // Whatever version tells it, the id leads to the item, or to where it was moved from there.
      auto id = view->id_of(*found);
      ASSERT_TRUE(id);
      auto located = view->locate({item.type, *id});
      ASSERT_TRUE(located);
      bool is_at_home = found->row.places.empty() || !is_copy(found->row, item);
      if (is_at_home && located->key != item) {
        auto former = view->former_places(item.type, id->hash);
        ASSERT_TRUE(former);
        EXPECT_TRUE(
            std::any_of(former->begin(), former->end(),
                        [&item = item](const FormerPlace& place) { return place.item == item; }));
      }
    }
  }
  for (Ord ord : ords) {
    std::vector<VersionKey> seen;
    auto note = [&](const StoredItem& item) -> Result<bool> {
      seen.push_back({item.row.header.t, item.key});
      return true;
    };
    ASSERT_TRUE(view->scan_versions({ord, {}, {}}, note));
    std::vector<VersionKey> expected;
    std::map<fhir::TypeNumber, std::vector<VersionKey>> by_type;
    for (const auto& [item, versions] : by_item) {
      for (const Known& one : versions) {
        if (item.ord == ord) {
          expected.push_back(one.key);
          by_type[item.type].push_back(one.key);
        }
      }
    }
    EXPECT_EQ(seen, expected);
    for (const auto& [type, versions] : by_type) {
      seen.clear();
      ASSERT_TRUE(view->scan_versions({ord, type, {}}, note));
      EXPECT_EQ(seen, versions);
      seen.clear();
      ASSERT_TRUE(view->scan_versions({ord, type, versions.front().item.item}, note));
      EXPECT_EQ(seen.front(), versions.front());
      EXPECT_EQ(seen.size(), by_item.at(versions.front().item).size());
    }
  }
}

// A row more than one page of changes: what is taken up again in its middle loses nothing.
TEST_P(ChangesTest, OfALargeCommitAreInSeveralRows) {
  std::vector<Draw> draws;
  for (size_t i = 0; i < 2 * kChangesInRowMax + 3; ++i) {
    draws.push_back({"Organization", "o" + std::to_string(i), "shared"});
  }
  ASSERT_TRUE(store_.writer().put({"Organization", "first", "shared"}));
  ASSERT_TRUE(store_.writer().load(draws));
  SourceNumber source = *store_->register_source("gp");
  SeededRandom random(3);
  for (Order order : {Order::kNewestFirst, Order::kOldestFirst}) {
    auto all = told({source, 1, 2, order, {}}, random);
    ASSERT_EQ(all.size(), draws.size() + 1);
    for (size_t i = 1; i < all.size(); ++i) {
      EXPECT_TRUE(comes_before(all[i - 1].key, all[i].key, order));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, ChangesTest, testing::Values(Engine::kMemory, Engine::kRocks),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace continuum::record
