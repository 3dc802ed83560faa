#include "json/patch.h"

#include <array>
#include <optional>
#include <string>

namespace continuum::json {
namespace {

constexpr size_t kWrapping = 2;  // levels of a patch around its values

struct OpRow {
  std::string_view name;
  PatchOp op;
  bool has_from;
  bool has_value;
};
constexpr std::array<OpRow, 6> kOps{{
    {"add", PatchOp::kAdd, false, true},
    {"remove", PatchOp::kRemove, false, false},
    {"replace", PatchOp::kReplace, false, true},
    {"move", PatchOp::kMove, true, false},
    {"copy", PatchOp::kCopy, true, false},
    {"test", PatchOp::kTest, false, true},
}};

const OpRow* find_op(std::string_view name) {
  for (const OpRow& row : kOps) {
    if (row.name == name) {
      return &row;
    }
  }
  return nullptr;
}

tl::unexpected<Error> refuse(std::string where, std::string what,
                             ErrorCode code = ErrorCode::kInvalid) {
  return fail(code, "the JSON Patch is malformed", {{std::move(where), std::move(what)}});
}

std::string place(size_t index, std::string_view member = {}) {
  std::string out = "[" + std::to_string(index) + "]";
  if (!member.empty()) {
    out.append(".").append(member);
  }
  return out;
}

Result<std::string_view> read_string(const Node& object, size_t index, std::string_view name) {
  const Node* member = object.find(name);
  if (member == nullptr || !member->is_string()) {
    return refuse(place(index, name), member == nullptr ? "give this member: a string"
                                                        : "this member must be a string");
  }
  return member->text;
}

Result<Pointer> read_pointer(const Node& object, size_t index, std::string_view name) {
  TRY(std::string_view text, read_string(object, index, name));
  auto pointer = Pointer::parse(text);
  if (!pointer) {
    return refuse(place(index, name), pointer.error().message, pointer.error().code);
  }
  return pointer;
}

Status check_targets(const PatchOperation& operation, size_t index) {
  if (operation.op == PatchOp::kMove && operation.from.encloses(operation.path)) {
    return refuse(place(index, "path"), "a value cannot be moved into itself; copy it");
  }
  // SPEC: the RFC leaves open what remains of a document without its root.
  if (operation.op == PatchOp::kRemove && operation.path.is_root()) {
    return refuse(place(index, "path"), "the whole document cannot be removed; replace it");
  }
  return {};
}

Result<PatchOperation> read_operation(const Node& object, size_t index) {
  if (!object.is_object()) {
    return refuse(place(index), "an operation must be an object");
  }
  TRY(std::string_view name, read_string(object, index, "op"));
  const OpRow* row = find_op(name);
  if (row == nullptr) {
    return refuse(place(index, "op"), "use add, remove, replace, move, copy or test");
  }
  PatchOperation operation{.op = row->op};
  TRY(operation.path, read_pointer(object, index, "path"));
  if (row->has_from) {
    TRY(operation.from, read_pointer(object, index, "from"));
  }
  if (row->has_value) {
    operation.value = object.find("value");
    if (operation.value == nullptr) {
      return refuse(place(index, "value"), "give this member: any value, null included");
    }
  }
  TRY(check_targets(operation, index));
  return operation;
}

}  // namespace

Result<Patch> Patch::parse(std::string_view text, const PatchLimits& limits) {
  Patch patch;
  patch.limits_ = limits;
  TRY(patch.document_.parse(
      text, {.depth_max = limits.depth_max + kWrapping, .bytes_max = limits.bytes_max}));
  const Node& root = *patch.document_.root();
  if (!root.is_array()) {
    return refuse("", "a JSON Patch is an array of operations");
  }
  for (const Node& object : children(root)) {
    const size_t index = patch.operations_.size();
    if (index == limits.operations_max) {
      return fail(ErrorCode::kTooLarge, "the JSON Patch has more than " +
                                            std::to_string(limits.operations_max) + " operations");
    }
    TRY(PatchOperation operation, read_operation(object, index));
    patch.operations_.push_back(std::move(operation));
  }
  return patch;
}

}  // namespace continuum::json
