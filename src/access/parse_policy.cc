// The reader of docs/policy.md: one line at a time, every problem noted, a line with one left out.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "access/limits.h"
#include "access/policy_document.h"
#include "access/policy_line.h"
#include "access/policy_problems.h"
#include "config/nearest_name.h"

namespace continuum::access {
namespace {

bool is_identifier(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= kPolicyIdentifierBytesMax && text.front() >= 'a' &&
         text.front() <= 'z' && std::all_of(text.begin(), text.end(), is_part);
}

std::optional<uint32_t> parse_number(std::string_view text, uint32_t max) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) {
    return std::nullopt;
  }
  return value;
}

std::optional<CodeRange> parse_code_range(std::string_view text) {
  const size_t dots = text.find("..");
  const auto first = parse_code(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : parse_code(text.substr(dots + 2));
  if (!first || !last || first->letter != last->letter || *last < *first) {
    return std::nullopt;
  }
  return CodeRange{*first, *last};
}

// item {("," | "or") item}
template <typename ReadItem>
bool read_list(PolicyCursor& cursor, ReadItem read_item) {
  do {
    if (!read_item()) {
      return false;
    }
  } while (cursor.accept(",") || cursor.accept("or"));
  return true;
}

template <typename Value, size_t Count>
std::array<std::string_view, Count> names_in(
    const std::array<std::pair<Value, std::string_view>, Count>& table) {
  std::array<std::string_view, Count> names;
  std::transform(table.begin(), table.end(), names.begin(),
                 [](const auto& row) { return row.second; });
  return names;
}

// One name of a table, as its value.
template <typename Value, size_t Count>
std::optional<Value> read_name(PolicyCursor& cursor, std::string_view expected,
                               const std::array<std::pair<Value, std::string_view>, Count>& table) {
  const PolicyToken* token = cursor.take(expected);
  if (token == nullptr) {
    return std::nullopt;
  }
  for (const auto& [value, name] : table) {
    if (!token->quoted && name == token->text) {
      return value;
    }
  }
  cursor.refuse_token(*token, expected, names_in(table));
  return std::nullopt;
}

template <typename Mask, typename Value, size_t Count>
bool read_mask(PolicyCursor& cursor, Mask& mask, std::string_view expected,
               const std::array<std::pair<Value, std::string_view>, Count>& table) {
  return read_list(cursor, [&] {
    const auto value = read_name(cursor, expected, table);
    mask = value ? static_cast<Mask>(mask | only(*value)) : mask;
    return value.has_value();
  });
}

template <typename Set>
const Set* find_set(const std::vector<Set>& sets, std::string_view name) {
  const auto found =
      std::find_if(sets.begin(), sets.end(), [name](const Set& set) { return set.name == name; });
  return found == sets.end() ? nullptr : &*found;
}

template <typename Set>
std::vector<std::string_view> names_of(const std::vector<Set>& sets) {
  std::vector<std::string_view> names(sets.size());
  std::transform(sets.begin(), sets.end(), names.begin(),
                 [](const Set& set) { return std::string_view(set.name); });
  return names;
}

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (size_t type = 0; type < fhir::type_count(); ++type) {
    names.push_back(fhir::type_name(static_cast<fhir::TypeNumber>(type)));
  }
  return names;
}

class PolicyParser {
 public:
  explicit PolicyParser(PolicyProblems& problems) : problems_(problems) {}

  void read(const PolicyLine& line) {
    PolicyCursor cursor(line, problems_);
    if (line.indented) {
      read_indented(cursor);
      return;
    }
    finish_section();
    section_ = Section::kNone;
    read_statement(cursor);
  }

  PolicyDocument finish(size_t last_line) {
    finish_section();
    if (!named_) {
      problems_.add(last_line, 1, "expected a line: policy \"NAME\" version NUMBER");
    }
    for (const auto& [kind, name] : kRelationshipKinds) {
      if ((windows_seen_ & only(kind)) == 0) {
        problems_.add(last_line, 1,
                      fmt::format("expected a line: window {} N days after end", name));
      }
    }
    if (document_.rules.empty()) {
      problems_.add(last_line, 1, "expected a rule");
    }
    return std::move(document_);
  }

 private:
  enum class Section : uint8_t { kNone, kRoles, kActivities, kTypes, kRule, kSkipped };
  static constexpr std::array<std::string_view, 6> kStatements{"policy", "roles",  "activities",
                                                               "types",  "window", "rule"};
  static constexpr std::array<std::string_view, 4> kRuleLines{"who", "when", "allow", "deny"};

  bool read_statement(PolicyCursor& cursor) {
    section_ = Section::kSkipped;  // until the line is found right
    if (!named_) {
      named_ = true;  // asked for once
      if (cursor.accept("policy")) {
        return read_policy(cursor);
      }
      cursor.refuse("the first line: policy \"NAME\" version NUMBER");
    }
    if (cursor.accept("roles")) {
      return read_set(cursor, document_.roles, Section::kRoles);
    }
    if (cursor.accept("activities")) {
      return read_set(cursor, document_.activities, Section::kActivities);
    }
    if (cursor.accept("types")) {
      return read_set(cursor, document_.types, Section::kTypes);
    }
    if (cursor.accept("window")) {
      return read_window(cursor);
    }
    if (cursor.accept("rule")) {
      return read_rule(cursor);
    }
    return cursor.refuse("roles, activities, types, window or rule", kStatements);
  }

  void read_indented(PolicyCursor& cursor) {
    switch (section_) {
      case Section::kNone:
        cursor.refuse("a line that starts at its first column");
        return;
      case Section::kRoles:
        read_codes(cursor, document_.roles.back());
        return;
      case Section::kActivities:
        read_codes(cursor, document_.activities.back());
        return;
      case Section::kTypes:
        read_types(cursor, document_.types.back());
        return;
      case Section::kRule:
        rule_is_right_ = read_rule_line(cursor) && rule_is_right_;
        return;
      case Section::kSkipped:  // of a statement already found wrong
        return;
    }
  }

  bool read_policy(PolicyCursor& cursor) {
    const PolicyToken* name = cursor.take("a name in quotes");
    if (name == nullptr) {
      return false;
    }
    if (!name->quoted || name->text.empty() || name->text.size() > kPolicyNameBytesMax) {
      return cursor.refuse_token(
          *name, fmt::format("a name in quotes, 1 to {} bytes", kPolicyNameBytesMax));
    }
    document_.name = std::string(name->text);
    if (!cursor.expect({"version"}, "version and its number")) {
      return false;
    }
    const PolicyToken* version = cursor.take("the version's number");
    if (version == nullptr) {
      return false;
    }
    const auto number = parse_number(version->text, kPolicyVersionMax);
    if (!number || *number == 0) {
      return cursor.refuse_token(*version, fmt::format("a number from 1 to {}", kPolicyVersionMax));
    }
    document_.version = *number;
    section_ = Section::kNone;
    return cursor.expect_end();
  }

  // NAME = MEMBERS...
  template <typename Set>
  bool read_set(PolicyCursor& cursor, std::vector<Set>& sets, Section section) {
    const PolicyToken* name = read_new_name(cursor, "the set's name", names_of(sets));
    if (name == nullptr || !cursor.expect({"="}, "= and the set's members")) {
      return false;
    }
    if (sets.size() == kPolicySetsMax) {
      return cursor.note(*name, fmt::format("more than {} sets of a kind", kPolicySetsMax));
    }
    sets.push_back({std::string(name->text), {}});
    section_ = section;
    section_line_ = cursor.line();
    if constexpr (std::is_same_v<Set, TypeSet>) {
      return read_types(cursor, sets.back());
    } else {
      return read_codes(cursor, sets.back());
    }
  }

  const PolicyToken* read_new_name(PolicyCursor& cursor, std::string_view expected,
                                   std::span<const std::string_view> taken) {
    const PolicyToken* name = cursor.take(expected);
    if (name == nullptr) {
      return nullptr;
    }
    if (name->quoted || !is_identifier(name->text) || name->text == "default") {
      cursor.refuse_token(*name, fmt::format("{}: a lower-case letter, then letters, digits and "
                                             "hyphens, {} at most; not 'default'",
                                             expected, kPolicyIdentifierBytesMax));
      return nullptr;
    }
    if (std::find(taken.begin(), taken.end(), name->text) != taken.end()) {
      cursor.note(*name, fmt::format("{} is there already", shown_in_policy(name->text)));
      return nullptr;
    }
    return name;
  }

  // Members of a set, with or without commas.
  template <typename Member, typename ReadMember>
  bool read_members(PolicyCursor& cursor, std::vector<Member>& members, std::string_view expected,
                    ReadMember read_member) {
    while (!cursor.at_end()) {
      const size_t before = members.size();
      const PolicyToken* token = cursor.take(expected);
      if (token == nullptr || !read_member(*token)) {
        return false;
      }
      if (members.size() > kPolicySetMembersMax) {
        return cursor.note(*token, fmt::format("more than {} members", kPolicySetMembersMax));
      }
      const auto twice = members.begin() + static_cast<std::ptrdiff_t>(before);
      if (std::find(members.begin(), twice, *twice) != twice) {
        return cursor.note(*token, fmt::format("{} is there twice", shown_in_policy(token->text)));
      }
      cursor.accept(",");
    }
    return true;
  }

  static constexpr std::string_view kCodeExpected = "a code such as R8000, or R9500..R9755";

  bool read_codes(PolicyCursor& cursor, CodeSet& set) {
    return read_members(cursor, set.members, kCodeExpected, [&](const PolicyToken& token) {
      const auto range = parse_code_range(token.text);
      if (!range || token.quoted) {
        return cursor.refuse_token(token, kCodeExpected);
      }
      set.members.push_back(*range);
      return true;
    });
  }

  bool read_types(PolicyCursor& cursor, TypeSet& set) {
    return read_members(cursor, set.members, "a resource type", [&](const PolicyToken& token) {
      const auto type = fhir::type_number(token.text);
      if (!type || token.quoted) {
        return cursor.refuse_token(token, "a resource type", type_names());
      }
      set.members.push_back(*type);
      return true;
    });
  }

  // window KIND [N days before start] [N days after end]
  bool read_window(PolicyCursor& cursor) {
    section_ = Section::kNone;
    const size_t column = cursor.column();
    const auto kind = read_name(cursor, "a kind of relationship", kRelationshipKinds);
    if (!kind) {
      return false;
    }
    if ((windows_seen_ & only(*kind)) != 0) {
      problems_.add(cursor.line(), column,
                    fmt::format("window {} is there already", to_string(*kind)));
      return false;
    }
    windows_seen_ |= only(*kind);
    Window window;
    bool before = false;
    bool after = false;
    do {
      const auto days = read_days(cursor);
      if (!days) {
        return false;
      }
      if (!before && !after && cursor.accept("before")) {
        before = true;
        window.days_before_start = *days;
        if (!cursor.expect({"start"}, "start")) {
          return false;
        }
      } else if (!after && cursor.accept("after")) {
        after = true;
        window.days_after_end = *days;
        if (!cursor.expect({"end"}, "end")) {
          return false;
        }
      } else {
        return cursor.refuse("before start, then after end, each once");
      }
    } while (!cursor.at_end());
    document_.windows[static_cast<size_t>(*kind)] = window;
    return true;
  }

  static std::optional<int32_t> read_days(PolicyCursor& cursor) {
    const std::string expected = fmt::format("a number of days from 0 to {}", kPolicyWindowDaysMax);
    const PolicyToken* token = cursor.take(expected);
    if (token == nullptr) {
      return std::nullopt;
    }
    const auto days = parse_number(token->text, kPolicyWindowDaysMax);
    if (!days) {
      cursor.refuse_token(*token, expected);
      return std::nullopt;
    }
    if (!cursor.accept("days") && !cursor.accept("day")) {
      cursor.refuse("days");
      return std::nullopt;
    }
    return static_cast<int32_t>(*days);
  }

  bool read_rule(PolicyCursor& cursor) {
    const PolicyToken* name = read_new_name(cursor, "the rule's name", names_of(document_.rules));
    if (name == nullptr || !cursor.expect_end()) {
      return false;
    }
    if (document_.rules.size() == kPolicyRulesMax) {
      return cursor.note(*name, fmt::format("more than {} rules", kPolicyRulesMax));
    }
    document_.rules.push_back({});
    document_.rules.back().name = std::string(name->text);
    document_.rules.back().line = static_cast<uint32_t>(cursor.line());
    section_ = Section::kRule;
    has_who_ = has_when_ = has_effect_ = false;
    rule_is_right_ = true;
    return true;
  }

  void finish_section() {
    switch (section_) {
      case Section::kRoles:
        return refuse_empty(document_.roles.back());
      case Section::kActivities:
        return refuse_empty(document_.activities.back());
      case Section::kTypes:
        return refuse_empty(document_.types.back());
      case Section::kRule:
        return finish_rule();
      case Section::kNone:
      case Section::kSkipped:
        return;
    }
  }

  template <typename Set>
  void refuse_empty(const Set& set) {
    if (set.members.empty()) {
      problems_.add(section_line_, 1, fmt::format("the set {} has no members", set.name));
    }
  }

  // What a rule must say. One that already has a problem is not asked for more.
  void finish_rule() {
    if (!rule_is_right_) {
      return;
    }
    const Rule& rule = document_.rules.back();
    const auto require = [&](bool given, std::string_view line) {
      if (!given) {
        problems_.add(rule.line, 1, fmt::format("rule {} has no line: {}", rule.name, line));
      }
    };
    require(has_who_, "who ...");
    require(has_when_, "when ...");
    require(has_effect_, "allow ... or deny ...");
  }

  bool read_rule_line(PolicyCursor& cursor) {
    Rule& rule = document_.rules.back();
    if (cursor.accept("who")) {
      return once(cursor, has_who_, "who") && read_who(cursor, rule.who);
    }
    if (cursor.accept("when")) {
      return once(cursor, has_when_, "when") && read_when(cursor, rule.when);
    }
    if (cursor.accept("allow")) {
      return read_effect(cursor, rule, Effect::kAllow);
    }
    if (cursor.accept("deny")) {
      return cursor.accept("search") ? read_denied_search(cursor, rule)
                                     : read_effect(cursor, rule, Effect::kDeny);
    }
    return cursor.refuse("who, when, allow or deny", kRuleLines);
  }

  bool once(PolicyCursor& cursor, bool& seen, std::string_view what) {
    if (seen) {
      problems_.add(cursor.line(), cursor.column(), fmt::format("the rule has '{}' already", what));
      return false;
    }
    seen = true;
    return true;
  }

  bool read_who(PolicyCursor& cursor, Who& who) {
    if (cursor.accept("anyone")) {
      if (!cursor.expect({"signed", "in"}, "anyone signed in")) {
        return false;
      }
    } else {
      who.kinds = 0;
      if (!read_mask(cursor, who.kinds, "staff, citizen, system, operator or anyone signed in",
                     kPrincipalWords)) {
        return false;
      }
    }
    while (!cursor.at_end()) {
      cursor.accept("and");
      if (!read_who_clause(cursor, who)) {
        return false;
      }
    }
    return true;
  }

  bool read_who_clause(PolicyCursor& cursor, Who& who) {
    if (cursor.accept("with")) {
      if (cursor.accept("role")) {
        return unsaid(cursor, who.roles.empty()) &&
               read_code_choice(cursor, who.roles, document_.roles);
      }
      if (cursor.accept("activity")) {
        return unsaid(cursor, who.activities.empty()) &&
               read_code_choice(cursor, who.activities, document_.activities);
      }
      return cursor.refuse("role or activity");
    }
    if (cursor.accept("of")) {
      return unsaid(cursor, who.organisations == 0) &&
             read_mask(cursor, who.organisations, "a kind of organisation",
                       config::kOrganisationKinds);
    }
    if (cursor.accept("for")) {
      return unsaid(cursor, who.purposes.empty()) && read_purposes(cursor, who.purposes);
    }
    return cursor.refuse("with role, with activity, of (kinds of organisation) or for (purposes)");
  }

  bool unsaid(PolicyCursor& cursor, bool empty) {
    if (!empty) {
      problems_.add(cursor.line(), cursor.column(), "this condition is there already");
    }
    return empty;
  }

  bool read_purposes(PolicyCursor& cursor, std::vector<std::string>& purposes) {
    return read_list(cursor, [&] {
      const PolicyToken* token = cursor.take("a purpose");
      if (token == nullptr) {
        return false;
      }
      if (std::find(kPurposes.begin(), kPurposes.end(), token->text) == kPurposes.end()) {
        return cursor.refuse_token(*token, "a purpose such as TREAT", kPurposes);
      }
      return add_new(cursor, purposes, std::string(token->text), *token);
    });
  }

  template <typename Member>
  static bool add_new(PolicyCursor& cursor, std::vector<Member>& members, Member member,
                      const PolicyToken& token) {
    if (std::find(members.begin(), members.end(), member) != members.end()) {
      return cursor.note(token, fmt::format("{} is there twice", shown_in_policy(token.text)));
    }
    if (members.size() == kPolicySetMembersMax) {
      return cursor.note(token, fmt::format("more than {} members", kPolicySetMembersMax));
    }
    members.push_back(std::move(member));
    return true;
  }

  bool read_code_choice(PolicyCursor& cursor, Choice<CodeRange>& choice,
                        const std::vector<CodeSet>& sets) {
    return read_list(cursor, [&] {
      const PolicyToken* token = cursor.take("a set's name or a code");
      if (token == nullptr) {
        return false;
      }
      if (find_set(sets, token->text) != nullptr) {
        return add_new(cursor, choice.sets, std::string(token->text), *token);
      }
      const auto range = parse_code_range(token->text);
      if (!range) {
        return cursor.refuse_token(*token, "the name of a set above, or a code such as R8000",
                                   names_of(sets));
      }
      return add_new(cursor, choice.members, *range, *token);
    });
  }

  bool read_when(PolicyCursor& cursor, When& when) {
    const size_t column = cursor.column();
    do {
      if (!read_term(cursor, when)) {
        return false;
      }
    } while (cursor.accept("and"));
    if (when.places == 0) {
      problems_.add(cursor.line(), column, "no place can be all of this at once");
      return false;
    }
    return cursor.expect_end("'and' or the end of the line");
  }

  bool read_term(PolicyCursor& cursor, When& when) {
    if (cursor.accept("any")) {
      if (cursor.accept("patient")) {
        return at(when, only(PlaceFacts::kPatient));
      }
      return cursor.expect({"place"}, "any patient or any place");
    }
    if (cursor.accept("shared")) {
      return at(when, only(PlaceFacts::kShared));
    }
    if (cursor.accept("quarantined")) {
      return at(when, only(PlaceFacts::kQuarantined));
    }
    if (cursor.accept("self")) {
      when.self = true;
      return at(when, only(PlaceFacts::kPatient));
    }
    if (cursor.accept("own")) {
      when.own_source = true;
      return at(when, kOwnSourcePlaces) && cursor.expect({"source"}, "own source");
    }
    if (cursor.accept("related")) {
      return unsaid(cursor, when.related == kNoRelationship) &&
             at(when, only(PlaceFacts::kPatient)) && cursor.expect({"by"}, "related by") &&
             read_mask(cursor, when.related, "a kind of relationship", kRelationshipKinds);
    }
    if (cursor.accept("labelled")) {
      return unsaid(cursor, when.label_classes.empty()) && read_labels(cursor, when.label_classes);
    }
    static constexpr std::array<std::string_view, 7> kTerms{"any", "shared",  "quarantined", "self",
                                                            "own", "related", "labelled"};
    return cursor.refuse(
        "any place, any patient, shared, quarantined, self, own source, related by or labelled",
        kTerms);
  }

  static bool at(When& when, Places places) {
    when.places &= places;
    return true;
  }

  static bool read_labels(PolicyCursor& cursor, std::vector<uint8_t>& labels) {
    return read_list(cursor, [&] {
      const PolicyToken* token = cursor.take("a label class");
      if (token == nullptr) {
        return false;
      }
      const auto number = parse_number(token->text, 255);
      if (!number) {
        return cursor.refuse_token(*token, "a label class: a number from 0 to 255");
      }
      return add_new(cursor, labels, static_cast<uint8_t>(*number), *token);
    });
  }

  bool read_effect(PolicyCursor& cursor, Rule& rule, Effect effect) {
    if (!once(cursor, has_effect_, "allow or deny")) {
      return false;
    }
    rule.effect = effect;
    if (cursor.accept("everything")) {
      return cursor.expect_end();
    }
    if (!cursor.expect({"types"}, "everything or types")) {
      return false;
    }
    return read_list(cursor, [&] { return read_type_choice(cursor, rule.types); }) &&
           cursor.expect_end("',', 'or' or the end of the line");
  }

  bool read_type_choice(PolicyCursor& cursor, Choice<fhir::TypeNumber>& choice) {
    const PolicyToken* token = cursor.take("a set's name or a resource type");
    if (token == nullptr) {
      return false;
    }
    if (find_set(document_.types, token->text) != nullptr) {
      return add_new(cursor, choice.sets, std::string(token->text), *token);
    }
    const auto type = fhir::type_number(token->text);
    if (!type) {
      std::vector<std::string_view> known = names_of(document_.types);
      const auto types = type_names();
      known.insert(known.end(), types.begin(), types.end());
      return cursor.refuse_token(*token, "the name of a set above, or a resource type", known);
    }
    return add_new(cursor, choice.members, *type, *token);
  }

  // deny search TYPE PARAMETER, ...
  bool read_denied_search(PolicyCursor& cursor, Rule& rule) {
    const PolicyToken* type_token = cursor.take("a resource type");
    if (type_token == nullptr) {
      return false;
    }
    const auto type = fhir::type_number(type_token->text);
    if (!type) {
      return cursor.refuse_token(*type_token, "a resource type", type_names());
    }
    const bool right = read_list(cursor, [&] {
      const PolicyToken* token = cursor.take("a search parameter");
      if (token == nullptr) {
        return false;
      }
      const auto number = fhir::parameter_number(*type, token->text);
      if (!number) {
        std::vector<std::string_view> known;
        for (const fhir::Parameter& each : fhir::parameters(*type)) {
          known.push_back(each.code);
        }
        return cursor.refuse_token(*token, "a search parameter of " + std::string(type_token->text),
                                   known);
      }
      return add_new(cursor, rule.denied_search, *number, *token);
    });
    return right && cursor.expect_end("',', 'or' or the end of the line");
  }

  PolicyProblems& problems_;
  PolicyDocument document_;
  Section section_ = Section::kNone;
  size_t section_line_ = 0;
  bool named_ = false;
  RelationshipKinds windows_seen_ = kNoRelationship;
  bool has_who_ = false;
  bool has_when_ = false;
  bool has_effect_ = false;
  bool rule_is_right_ = true;
};

}  // namespace

std::string to_string(Code code) {
  return fmt::format("{}{:04}", code.letter, code.number);
}

std::optional<Code> parse_code(std::string_view text) {
  if (text.size() != 5 || text.front() < 'A' || text.front() > 'Z' ||
      !std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return Code{text.front(), static_cast<uint16_t>(*parse_number(text.substr(1), 9'999))};
}

Result<PolicyDocument> parse_policy_document(std::string_view text, std::string_view file_name) {
  if (text.size() > kPolicyBytesMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("a policy of more than {} bytes", kPolicyBytesMax));
  }
  PolicyProblems problems;
  PolicyParser parser(problems);
  size_t number = 0;
  for (const std::string_view line_text : lines_of(text)) {
    if (++number > kPolicyLinesMax) {
      problems.add(number, 1, fmt::format("more than {} lines", kPolicyLinesMax));
      break;
    }
    if (check_characters(line_text, number, problems)) {
      const auto line = split_into_tokens(line_text, number, problems);
      if (line && !line->tokens.empty()) {
        parser.read(*line);
      }
    }
  }
  PolicyDocument document = parser.finish(number);
  TRY(problems.finish("policy", file_name));
  return document;
}

}  // namespace continuum::access
