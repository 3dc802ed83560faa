// Patient?identifier=system|value: the source patients that have an identifier.
#pragma once

#include <string>

#include "service/answer.h"
#include "service/context.h"

namespace continuum::service {

struct Identifier {
  std::string system;  // neither may be empty
  std::string value;
};

// A searchset Bundle of every live Patient with that identifier, those in quarantine left out.
// kTooLarge: more than kPatientsFoundMax.
Result<Answer> find_patient(const Context& context, const Identifier& identifier,
                            const Address& address);

}  // namespace continuum::service
