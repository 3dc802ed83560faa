#include "synth/resources.h"

namespace continuum::synth {
namespace {

constexpr std::string_view kQuestions[] = {"Washing",
                                           "Dressing",
                                           "Meals",
                                           "Moving about indoors",
                                           "Going out",
                                           "Continence",
                                           "Managing medicines",
                                           "Memory and decisions",
                                           "Company and loneliness"};
constexpr std::string_view kAnswers[] = {"Independent", "With prompting", "With one person",
                                         "With two people", "Unable"};

}  // namespace

void write_questionnaire_response(Chart& chart, const Moment& moment) {
  chart.bundle.open("QuestionnaireResponse", "QuestionnaireResponse", draw_uuid(chart.random));
  begin_narrative(chart);
  cat(chart.text(), "<p>Needs assessment by ", moment.staff->display, "</p>");
  end_narrative(chart);
  cat(chart.text(), R"("questionnaire":"https://)", chart.source.name,
      R"(.example.org/Questionnaire/needs-assessment|1.2",)");
  add_status(chart, "completed");
  add_subject(chart, "subject");
  add_encounter(chart, moment, "encounter");
  add_time(chart, "authored", moment.seconds + 3600);
  add_staff(chart, "author", *moment.staff);
  chart.text() += R"("item":[)";
  int64_t number = 0;
  for (std::string_view question : kQuestions) {
    chart.text() += number > 0 ? "," : "";
    chart.text() += R"({"linkId":"1.)";
    append_number(chart.text(), ++number);
    cat(chart.text(), R"(","text":")", question, R"(","answer":[{"valueString":")",
        pick(chart.random, kAnswers), R"("}]})");
  }
  cat(chart.text(), R"(,{"linkId":"2","text":"About the person","answer":[{"valueString":")",
      pick(chart.random, living_notes()), " ");
  cat(chart.text(), pick(chart.random, living_notes()), R"("}]}])");
  chart.bundle.close("QuestionnaireResponse");
}

}  // namespace continuum::synth
