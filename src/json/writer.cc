#include "json/writer.h"

#include <array>

namespace continuum::json {
namespace {

constexpr std::array<bool, 256> make_needs_escape() {
  std::array<bool, 256> table{};
  for (size_t c = 0; c < 0x20; ++c) {
    table[c] = true;
  }
  table['"'] = true;
  table['\\'] = true;
  return table;
}
constexpr std::array<bool, 256> kNeedsEscape = make_needs_escape();

void write_escape(char c, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
}

void write_children(const Node& node, char open, char close, std::string& out) {
  out.push_back(open);
  for (const Node* child = node.first; child != nullptr; child = child->next) {
    if (child != node.first) {
      out.push_back(',');
    }
    if (open == '{') {
      write_string(child->key, out);
      out.push_back(':');
    }
    write(*child, out);
  }
  out.push_back(close);
}

}  // namespace

void write_string(std::string_view text, std::string& out) {
  out.push_back('"');
  size_t plain_from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (kNeedsEscape[static_cast<unsigned char>(text[i])]) {
      out.append(text, plain_from, i - plain_from);
      write_escape(text[i], out);
      plain_from = i + 1;
    }
  }
  out.append(text, plain_from);
  out.push_back('"');
}

std::string quoted(std::string_view text) {
  std::string out;
  write_string(text, out);
  return out;
}

void write(const Node& node, std::string& out) {
  switch (node.kind) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kFalse:
      out += "false";
      return;
    case Kind::kTrue:
      out += "true";
      return;
    case Kind::kNumber:
      out += node.text;
      return;
    case Kind::kString:
      write_string(node.text, out);
      return;
    case Kind::kArray:
      write_children(node, '[', ']', out);
      return;
    case Kind::kObject:
      write_children(node, '{', '}', out);
      return;
  }
}

std::string write(const Node& node) {
  std::string out;
  write(node, out);
  return out;
}

}  // namespace continuum::json
