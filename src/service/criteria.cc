#include "service/criteria.h"

#include <array>

#include "fhir/reference.h"
#include "service/limits.h"

namespace continuum::service {
namespace {

tl::unexpected<Error> refuse(std::string_view parameter, std::string message, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::string(parameter), std::move(what)}});
}

// "a\,b,c" -> "a\,b", "c" (http://hl7.org/fhir/R4/search.html#escaping).
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == separator) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

Result<std::string> unescaped(std::string_view parameter, std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || std::string_view(R"(\,|$)").find(text[i]) == std::string_view::npos) {
        return refuse(parameter, "a value has an unknown escape", R"(expected \\, \, \| or \$)");
      }
    }
    out += text[i];
  }
  return out;
}

class Parser {
 public:
  Parser(const http::Parameter& sent, fhir::TypeNumber type, const FindReferred& find_referred)
      : sent_(sent), type_(type), find_referred_(find_referred) {}

  Result<record::Criterion> parse() {
    size_t colon = sent_.name.find(':');
    std::string_view code = std::string_view(sent_.name).substr(0, colon);
    modifier_ = colon == std::string::npos ? std::string_view()
                                           : std::string_view(sent_.name).substr(colon + 1);
    parameter_ = fhir::parameter(type_, code);
    // What a store sets itself is not among what was sent.
    if (parameter_ == nullptr || code == "_lastUpdated") {
      return refuse(sent_.name, "a condition has a parameter that is not known for that type",
                    "see the search parameters of " + std::string(fhir::type_name(type_)));
    }
    record::Criterion criterion;
    criterion.parameter = fhir::number_of(*parameter_);
    for (std::string_view value : split(sent_.value, ',')) {
      if (criterion.any_of.size() == kCriteriaMax) {
        return refuse(sent_.name, "a condition has too many values",
                      "at most " + std::to_string(kCriteriaMax));
      }
      if (value.empty()) {
        return refuse(sent_.name, "a condition has an empty value", "expected a value");
      }
      TRY(record::ValueTest test, test_of(value));
      criterion.any_of.push_back(std::move(test));
    }
    return criterion;
  }

 private:
  Result<record::ValueTest> test_of(std::string_view value) {
    switch (parameter_->kind) {
      case fhir::ParameterKind::kToken:
        TRY(check_modifier({}));
        return token(value);
      case fhir::ParameterKind::kString:
        TRY(check_modifier("exact"));
        return string(value);
      case fhir::ParameterKind::kReference:
        return reference(value);
      case fhir::ParameterKind::kUri: {
        TRY(check_modifier({}));
        TRY(std::string text, unescaped(sent_.name, value));
        return record::ValueTest(record::UriIs{std::move(text)});
      }
      case fhir::ParameterKind::kDate:
        TRY(check_modifier({}));
        return date(value);
      default:
        return refuse(sent_.name, "a condition may not be of a number or quantity",
                      "use an identifier, another token, a reference, a string or a date");
    }
  }

  Status check_modifier(std::string_view known) const {
    if (modifier_.empty() ? sent_.name.ends_with(':') : modifier_ != known) {
      return refuse(sent_.name, "a condition has a modifier that is not taken here",
                    known.empty() ? "leave it out" : "only :" + std::string(known) + " is taken");
    }
    return {};
  }

  struct Coded {
    std::string code;
    std::optional<std::string> system;
  };
  Result<Coded> coded(std::string_view value) const {
    auto parts = split(value, '|');
    if (parts.size() > 2 || parts.back().empty()) {
      return refuse(sent_.name, "a condition's token has no code",
                    "expected code, system|code or |code");
    }
    Coded out;
    TRY(out.code, unescaped(sent_.name, parts.back()));
    if (parts.size() == 2) {
      TRY(out.system, unescaped(sent_.name, parts.front()));
    }
    return out;
  }

  Result<record::ValueTest> token(std::string_view value) const {
    TRY(Coded token, coded(value));
    return record::ValueTest(record::TokenIs{std::move(token.code), std::move(token.system)});
  }

  Result<record::ValueTest> string(std::string_view value) const {
    TRY(std::string text, unescaped(sent_.name, value));
    if (text.size() > kCriteriaTextBytesMax) {
      return refuse(sent_.name, "a condition's text is too long",
                    "at most " + std::to_string(kCriteriaTextBytesMax) + " bytes");
    }
    return modifier_.empty() ? record::ValueTest(record::StringStarts{std::move(text)})
                             : record::ValueTest(record::StringIs{std::move(text)});
  }

  Result<record::ValueTest> date(std::string_view value) const {
    static constexpr std::array<std::pair<std::string_view, record::DatePrefix>, 8> kPrefixes{{
        {"eq", record::DatePrefix::kEq},
        {"ne", record::DatePrefix::kNe},
        {"gt", record::DatePrefix::kGt},
        {"lt", record::DatePrefix::kLt},
        {"ge", record::DatePrefix::kGe},
        {"le", record::DatePrefix::kLe},
        {"sa", record::DatePrefix::kSa},
        {"eb", record::DatePrefix::kEb},
    }};
    record::DateIs test;
    for (const auto& [text, prefix] : kPrefixes) {
      if (value.starts_with(text)) {
        test.prefix = prefix;
        value.remove_prefix(text.size());
        break;
      }
    }
    auto range = fhir::parse_date(value);
    if (!range) {
      return refuse(sent_.name, "a condition's date is not one",
                    "expected YYYY-MM-DD, or a part or more of it, after eq, ne, gt, lt, ge, le, "
                    "sa, eb or nothing");
    }
    test.range = *range;
    return record::ValueTest(test);
  }

  Result<record::ValueTest> reference(std::string_view value) const {
    if (modifier_ == "identifier") {
      TRY(Coded identifier, coded(value));
      return record::ValueTest(
          record::RefersToIdentifier{std::move(identifier.code), std::move(identifier.system)});
    }
    TRY(std::string text, unescaped(sent_.name, value));
    if (!modifier_.empty() || sent_.name.ends_with(':')) {
      if (!fhir::type_number(modifier_) || !fhir::is_valid_id(text)) {
        return refuse(sent_.name, "a condition has a modifier that is not taken here",
                      ":identifier, or :Type with an id");
      }
      text = std::string(modifier_) + "/" + text;
    } else if (fhir::is_valid_id(text)) {
      if (parameter_->targets.size() != 1) {
        return refuse(sent_.name, "a condition's reference may be of several types",
                      "expected Type/id");
      }
      text = std::string(fhir::type_name(parameter_->targets.front())) + "/" + text;
    }
    TRY(auto resource, find_referred_(text));
    return resource ? record::ValueTest(record::RefersTo{*resource})
                    : record::ValueTest(record::RefersToText{std::move(text)});
  }

  const http::Parameter& sent_;
  fhir::TypeNumber type_;
  const FindReferred& find_referred_;
  std::string_view modifier_;
  const fhir::Parameter* parameter_ = nullptr;
};

}  // namespace

Result<record::Criteria> parse_criteria(fhir::TypeNumber type,
                                        std::optional<record::SourceNumber> source,
                                        std::span<const http::Parameter> parameters,
                                        const FindReferred& find_referred) {
  if (parameters.empty() || parameters.size() > kCriteriaMax) {
    return fail(ErrorCode::kInvalid, "a condition has no criteria, or too many",
                {{"", "expected 1 to " + std::to_string(kCriteriaMax) +
                          " search parameters, as identifier=system|value"}});
  }
  record::Criteria criteria{type, source, {}};
  for (const http::Parameter& parameter : parameters) {
    TRY(auto criterion, Parser(parameter, type, find_referred).parse());
    criteria.all_of.push_back(std::move(criterion));
  }
  return criteria;
}

}  // namespace continuum::service
