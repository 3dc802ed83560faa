// One function a benchmark; each adds its rows to the report.
#pragma once

#include "base/result.h"
#include "bench/stage.h"

namespace continuum::bench {

Status bench_load(Stage& stage);
Status bench_size(Stage& stage);
Status bench_start(Stage& stage);
Status bench_read(Stage& stage);
Status bench_whole_record(Stage& stage);
Status bench_decide(Stage& stage);
Status bench_ledger(Stage& stage);
Status bench_structure(Stage& stage);
// Of creates and transactions over the API.
Status bench_write(Stage& stage);
// Of the server with large records; of the loader and the ordinary server see the rows of those.
Status bench_memory(Stage& stage);

}  // namespace continuum::bench
