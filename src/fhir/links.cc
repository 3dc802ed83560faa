#include "fhir/links.h"

#include "fhir/structure_tables.h"
#include "fhir/types.h"

namespace continuum::fhir {
namespace {

using json::Node;
using structures::Shape;

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Goes through the attributes of the tags of a narrative.
class Narrative {
 public:
  Narrative(std::string_view text, const Relink& relink) : text_(text), relink_(relink) {}

  // The text with new links; nothing when none changed.
  Result<std::optional<std::string>> run() {
    while ((at_ = text_.find('<', at_)) != std::string_view::npos) {
      TRY(tag());
    }
    if (copied_ == 0) {
      return std::optional<std::string>();
    }
    out_ += text_.substr(copied_);
    return std::optional(std::move(out_));
  }

 private:
  // From '<' to after '>'.
  Status tag() {
    if (text_.substr(at_).starts_with("<!--")) {
      size_t end = text_.find("-->", at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 3;
      return {};
    }
    size_t name_at = at_ + 1;
    for (++at_; at_ < text_.size() && text_[at_] != '>'; ++at_) {
      if (is_space(text_[at_])) {
        name_at = at_ + 1;
      } else if (text_[at_] == '"' || text_[at_] == '\'') {
        size_t end = text_.find(text_[at_], at_ + 1);
        if (end == std::string_view::npos) {
          at_ = text_.size();
          return {};
        }
        TRY(attribute(text_.substr(name_at, at_ - name_at), at_ + 1, end));
        at_ = end;
        name_at = end + 1;
      }
    }
    return {};
  }

  // `name`: with its equals sign.
  Status attribute(std::string_view name, size_t from, size_t to) {
    if (name != "href=" && name != "src=") {
      return {};
    }
    TRY(auto link, relink_(LinkKind::kNarrative, text_.substr(from, to - from)));
    if (link) {
      out_ += text_.substr(copied_, from - copied_);
      out_ += escaped(*link);
      copied_ = to;
    }
    return {};
  }

  std::string_view text_;
  const Relink& relink_;
  size_t at_ = 0;
  size_t copied_ = 0;
  std::string out_;
};

class Walk {
 public:
  Walk(json::Document& document, const Relink& relink) : document_(document), relink_(relink) {}

  Status resource(Node& node) {
    auto type = node.is_object() ? type_number(node.string("resourceType")) : std::nullopt;
    return type ? members(node, structures::kShapes[*type]) : Status();
  }

 private:
  Status members(Node& object, const Shape& shape) {
    for (Node& child : json::children(object)) {
      // The sibling of a primitive: id and extensions.
      bool is_sibling = child.key.starts_with('_');
      uint8_t number = structures::find_member(shape, child.key.substr(is_sibling ? 1 : 0));
      if (number == structures::kNoMember) {
        continue;
      }
      const structures::Member& row = structures::kMembers[shape.members_first + number];
      bool is_reference = &shape == structures::kShapes + structures::kReferenceShape &&
                          structures::name_of(row) == "reference";
      TRY(each(child, is_sibling, row, is_reference));
    }
    return {};
  }

  Status each(Node& node, bool is_sibling, const structures::Member& row, bool is_reference) {
    if (node.is_array()) {
      for (Node& item : json::children(node)) {
        TRY(one(item, is_sibling, row, is_reference));
      }
      return {};
    }
    return one(node, is_sibling, row, is_reference);
  }

  Status one(Node& node, bool is_sibling, const structures::Member& row, bool is_reference) {
    if (node.is_object()) {
      if (is_sibling) {
        return members(node, structures::kShapes[structures::kElementShape]);
      }
      return row.kind == ValueKind::kComplex ? members(node, structures::kShapes[row.shape])
             : is_primitive(row.kind)        ? Status()
                                             : resource(node);
    }
    if (!node.is_string() || is_sibling) {
      return {};
    }
    if (row.kind == ValueKind::kXhtml) {
      TRY(auto text, Narrative(node.text, relink_).run());
      return put(node, text);
    }
    bool is_uri = row.kind == ValueKind::kUri || row.kind == ValueKind::kUrl ||
                  row.kind == ValueKind::kCanonical;
    if (is_reference || (is_uri && !row.attribute)) {
      TRY(auto text, relink_(is_reference ? LinkKind::kReference : LinkKind::kUri, node.text));
      return put(node, text);
    }
    return {};
  }

  Status put(Node& node, const std::optional<std::string>& text) {
    if (text) {
      document_.set_text(node, *text);
    }
    return {};
  }

  json::Document& document_;
  const Relink& relink_;
};

}  // namespace

Status relink(json::Document& document, Node& resource, const Relink& relink) {
  return Walk(document, relink).resource(resource);
}

}  // namespace continuum::fhir
