#include "ledger/tile_path.h"

#include <gtest/gtest.h>

namespace continuum::ledger {
namespace {

TEST(TilePath, IsAsThePageSays) {
  const struct {
    TileName name;
    const char* path;
  } rows[] = {
      {{0, 0, 256}, "tile/0/000"},
      {{0, 0, 1}, "tile/0/000.p/1"},
      {{7, 999, 255}, "tile/7/999.p/255"},
      {{1, 1'000, 256}, "tile/1/x001/000"},
      {{2, 1'234'067, 256}, "tile/2/x001/x234/067"},
      {{std::nullopt, 5, 17}, "tile/entries/005.p/17"},
      {{std::nullopt, 1'234'067, 256}, "tile/entries/x001/x234/067"},
      {{0, kTileNumberMax, 256}, "tile/0/x072/x057/x594/x037/x927/935"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(tile_path(row.name), row.path);
    ASSERT_TRUE(parse_tile_path(row.path).has_value()) << row.path;
    EXPECT_EQ(*parse_tile_path(row.path), row.name) << row.path;
  }
}

TEST(TilePath, AnythingElseIsRefused) {
  for (const char* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/8/000",
                           "tile/00/000",
                           "tile/-1/000",
                           "tile/0/0",
                           "tile/0/0000",
                           "tile/0/x000/001",
                           "tile/0/001/002",
                           "tile/0/x001/x002",
                           "tile/0/x001x002/003",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/",
                           "tile/0/000.p",
                           "tile/0/000.p/1/",
                           "tile/0/000/",
                           "/tile/0/000",
                           "tile/entry/000",
                           "tile/0/+01",
                           "tile/0/ 01",
                           "tile/0/x072/x057/x594/x037/x927/936",
                           "tile/0/x999/x999/x999/x999/x999/x999/999",
                           "tile/0/..",
                           "tile/0/x001/../000",
                           "tile/0/000.p/1.p/1"}) {
    EXPECT_FALSE(parse_tile_path(path).has_value()) << path;
  }
}

}  // namespace
}  // namespace continuum::ledger
