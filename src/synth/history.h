// What each kind of source has written about a person, in time order: one file a kind of source.
#pragma once

#include "synth/chart.h"

namespace continuum::synth {

void write_gp_history(Chart& chart);
void write_hospital_history(Chart& chart);
void write_social_care_history(Chart& chart);

}  // namespace continuum::synth
