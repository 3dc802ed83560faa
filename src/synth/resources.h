// One writer for each resource type, each in the file of that name. All append one entry to the
// chart's bundle. Times at or after the chart's end are pulled before it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "synth/chart.h"

namespace continuum::synth {

enum class Setting : uint8_t { kSurgery, kTelephone, kEmergency, kOutpatient, kInpatient, kHome };
enum class Category : uint8_t { kProblem, kEncounterDiagnosis };
enum class Repeat : uint8_t { kOnce, kRepeat };

// organisations.json of a source: Organization, Location and Practitioner, each if none exists.
void write_organisations(std::string& out, const Source& source, std::span<const Staff> staff,
                         uint64_t seed);

void write_patient(Chart& chart);
void write_episode_of_care(Chart& chart, int64_t first_day, std::optional<int64_t> last_day);
// Uses moment.encounter as the id, which must be set.
void write_encounter(Chart& chart, const Moment& moment, Setting setting, const Code& reason,
                     int64_t minutes);
Uuid write_condition(Chart& chart, const Moment& moment, Category category, const Code& code,
                     int64_t onset_day, std::optional<int64_t> ended_day);
void write_allergy_intolerance(Chart& chart, const Moment& moment, const Allergen& allergen);
void write_immunization(Chart& chart, const Moment& moment, const VaccineKind& vaccine,
                        int64_t dose);

// Values from the person's age and build on the day.
void write_blood_pressure(Chart& chart, const Moment& moment);
void write_body_weight(Chart& chart, const Moment& moment);
void write_body_height(Chart& chart, const Moment& moment);
void write_smoking_status(Chart& chart, const Moment& moment);
// Pulse, temperature, breathing and oxygen, as taken at a bedside.
void write_bedside_signs(Chart& chart, const Moment& moment);
Uuid write_test_result(Chart& chart, const Moment& moment, const Measure& measure);
// The report and one Observation for each test.
void write_diagnostic_report(Chart& chart, const Moment& moment, const Panel& panel);
// An image and its report in words.
void write_imaging_report(Chart& chart, const Moment& moment, const Code& image);

void write_medication_request(Chart& chart, const Moment& moment, const Medicine& medicine,
                              Repeat repeat, const Code& reason);
void write_procedure(Chart& chart, const Moment& moment, const Code& code, const Code& reason);
void write_service_request(Chart& chart, const Moment& moment, std::string_view specialty,
                           const Code& reason);
void write_appointment(Chart& chart, const Moment& moment, std::string_view specialty,
                       int64_t booked_seconds);
// A letter in plain text inside the resource.
void write_document_reference(Chart& chart, const Moment& moment, const Code& type,
                              const Code& about);
Uuid write_care_plan(Chart& chart, const Moment& moment, std::string_view title,
                     std::span<const Uuid> conditions);
void write_questionnaire_response(Chart& chart, const Moment& moment);
void write_flag(Chart& chart, const Moment& moment, const Code& code);
void write_task(Chart& chart, const Moment& moment, const Uuid& focus);

}  // namespace continuum::synth
