#include <algorithm>

#include "synth/resources.h"

namespace continuum::synth {
namespace {

constexpr Measure kPulse = {"8867-4", "Heart rate", "beats/min", "/min", 0, 76, 18, 0, 0};
constexpr Measure kTemperature = {"8310-5", "Body temperature", "Cel", "Cel", 1, 369, 9, 0, 0};
constexpr Measure kBreathing = {"9279-1", "Respiratory rate", "breaths/min", "/min", 0, 17, 5, 0,
                                0};
constexpr Measure kOxygen = {
    "59408-5", "Oxygen saturation by pulse oximetry", "%", "%", 0, 97, 2, 0, 0};
constexpr Measure kWeight = {"29463-7", "Body weight", "kg", "kg", 1, 0, 0, 0, 0};
constexpr Measure kHeight = {"8302-2", "Body height", "cm", "cm", 1, 0, 0, 0, 0};

enum class Kind : uint8_t { kVitalSigns, kLaboratory, kSocialHistory };

std::string_view category_of(Kind kind) {
  switch (kind) {
    case Kind::kVitalSigns:
      return "vital-signs";
    case Kind::kLaboratory:
      return "laboratory";
    case Kind::kSocialHistory:
      break;
  }
  return "social-history";
}

// Everything before the value; the narrative ends with `said`.
void begin_observation(Chart& chart, const Moment& moment, const Uuid& id, Kind kind,
                       const Code& code, std::string_view said) {
  chart.bundle.open("Observation",
                    kind == Kind::kVitalSigns ? "Observation-VitalSigns" : "Observation", id);
  begin_narrative(chart);
  cat(chart.text(), "<p>", code.display, ": ", said, " (");
  append_date(chart.text(), moment.seconds / kDaySeconds);
  chart.text() += ")</p>";
  end_narrative(chart);
  add_identifier(chart, "observation");
  add_status(chart, "final");
  cat(chart.text(), R"("category":[{"coding":[{"system":")", kTerminology,
      R"(observation-category","code":")", category_of(kind), R"("}]}],)");
  add_concept(chart, "code", kLoinc, code);
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "effectiveDateTime", moment.seconds);
  bool laboratory = kind == Kind::kLaboratory;
  add_time(chart, "issued", moment.seconds + (laboratory ? 30 * 3600 : 60));
  add_staff_list(chart, "performer", *moment.staff);
}

void append_quantity(std::string& out, const Measure& measure, int64_t value) {
  out += R"({"value":)";
  append_decimal(out, value, measure.places);
  cat(out, R"(,"unit":")", measure.unit, R"(","system":"http://unitsofmeasure.org","code":")",
      measure.ucum, R"("})");
}

void append_plain_quantity(std::string& out, const Measure& measure, int64_t value) {
  out += R"({"value":)";
  append_decimal(out, value, measure.places);
  cat(out, R"(,"unit":")", measure.unit, R"("})");
}

std::string spoken(const Measure& measure, int64_t value) {
  std::string said;
  append_decimal(said, value, measure.places);
  cat(said, " ", measure.unit);
  return said;
}

void write_sign(Chart& chart, const Moment& moment, const Measure& measure, int64_t value) {
  begin_observation(chart, moment, draw_uuid(chart.random), Kind::kVitalSigns,
                    {measure.loinc, measure.display}, spoken(measure, value));
  chart.text() += R"("valueQuantity":)";
  append_quantity(chart.text(), measure, value);
  chart.bundle.close("Observation");
}

void append_component(std::string& out, const Code& code, int64_t pressure) {
  out += R"({"code":)";
  append_coded(out, kLoinc, code);
  out += R"(,"valueQuantity":{"value":)";
  append_number(out, pressure);
  out += R"(,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}})";
}

// Share of the adult height and weight reached at an age, per mille.
struct Growth {
  int64_t height;
  int64_t weight;
};
Growth growth_at(int64_t age) {
  if (age >= 18) {
    return {1000, 1000};
  }
  return {440 + 560 * age / 18, 110 + 890 * age * (age + 6) / (18 * 24)};
}

std::string_view interpretation(const Measure& measure, int64_t value) {
  return value < measure.low ? "L" : value > measure.high ? "H" : "N";
}

}  // namespace

void write_blood_pressure(Chart& chart, const Moment& moment) {
  int64_t age = chart.person.age_on(moment.seconds / kDaySeconds);
  int64_t upper = 112 + age / 3 + chart.person.pressure_shift + around(chart.random, 0, 12);
  int64_t lower = upper * 58 / 100 + around(chart.random, 4, 7);
  std::string said;
  append_number(said, upper);
  said += "/";
  append_number(said, lower);
  said += " mmHg";
  begin_observation(chart, moment, draw_uuid(chart.random), Kind::kVitalSigns,
                    {"85354-9", "Blood pressure"}, said);
  chart.text() += R"("component":[)";
  append_component(chart.text(), {"8480-6", "Systolic pressure"}, upper);
  chart.text().push_back(',');
  append_component(chart.text(), {"8462-4", "Diastolic pressure"}, lower);
  chart.text() += "]";
  chart.bundle.close("Observation");
}

void write_body_weight(Chart& chart, const Moment& moment) {
  Growth growth = growth_at(chart.person.age_on(moment.seconds / kDaySeconds));
  int64_t usual = chart.person.adult_weight_hg * growth.weight / 1000;
  write_sign(chart, moment, kWeight, around(chart.random, usual, 1 + usual / 25));
}

void write_body_height(Chart& chart, const Moment& moment) {
  Growth growth = growth_at(chart.person.age_on(moment.seconds / kDaySeconds));
  int64_t usual = chart.person.adult_height_mm * growth.height / 1000;
  write_sign(chart, moment, kHeight, around(chart.random, usual, 6));
}

void write_bedside_signs(Chart& chart, const Moment& moment) {
  bool child = chart.person.age_on(moment.seconds / kDaySeconds) < 8;
  for (const Measure* measure : {&kPulse, &kTemperature, &kBreathing, &kOxygen}) {
    bool rate = measure == &kPulse || measure == &kBreathing;
    int64_t middle = measure->middle + (child && rate ? measure->middle / 3 : 0);
    int64_t value = around(chart.random, middle, measure->spread);
    write_sign(chart, moment, *measure,
               measure == &kOxygen ? std::min<int64_t>(value, 100) : value);
  }
}

void write_smoking_status(Chart& chart, const Moment& moment) {
  Code status = chart.person.smokes           ? Code{"77176002", "Smoker"}
                : chart.person.index % 3 == 0 ? Code{"8517006", "Ex-smoker"}
                                              : Code{"266919005", "Never smoked tobacco"};
  begin_observation(chart, moment, draw_uuid(chart.random), Kind::kSocialHistory,
                    {"72166-2", "Tobacco smoking status"}, status.display);
  chart.text() += R"("valueCodeableConcept":)";
  append_concept(chart.text(), kSnomed, status);
  chart.bundle.close("Observation");
}

Uuid write_test_result(Chart& chart, const Moment& moment, const Measure& measure) {
  Uuid id = draw_uuid(chart.random);
  // Each person keeps to one side of the mean, so that a series looks like one person's.
  int64_t own = measure.spread * (static_cast<int64_t>(chart.person.index * 7 % 13) - 6) / 10;
  int64_t value = around(chart.random, measure.middle + own, measure.spread / 2 + 1);
  value = std::max<int64_t>(value, measure.middle / 10);
  begin_observation(chart, moment, id, Kind::kLaboratory, {measure.loinc, measure.display},
                    spoken(measure, value));
  chart.text() += R"("valueQuantity":)";
  append_quantity(chart.text(), measure, value);
  cat(chart.text(), R"(,"interpretation":[{"coding":[{"system":")", kTerminology,
      R"(v3-ObservationInterpretation","code":")", interpretation(measure, value),
      R"("}]}],"referenceRange":[{"low":)");
  append_plain_quantity(chart.text(), measure, measure.low);
  chart.text() += R"(,"high":)";
  append_plain_quantity(chart.text(), measure, measure.high);
  chart.text() += "}]";
  chart.bundle.close("Observation");
  return id;
}

}  // namespace continuum::synth
