// JSON Patch (RFC 6902): add, remove, replace, move, copy and test, all of them or none.
//
//   TRY(Patch patch, Patch::parse(R"([{"op":"test","path":"/active","value":true}])"));
//   TRY(patch.apply(document));
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/document.h"
#include "json/pointer.h"

namespace continuum::json {

enum class PatchOp : uint8_t { kAdd, kRemove, kReplace, kMove, kCopy, kTest };

struct PatchOperation {
  PatchOp op = PatchOp::kTest;
  Pointer path = {};
  Pointer from = {};            // of move and copy
  const Node* value = nullptr;  // of add, replace and test; lives in the Patch
};

// A patch that is well-formed and within its limits. Movable. Applying changes nothing in it, so
// one patch serves many documents.
class Patch {
 public:
  // kInvalid: not JSON (duplicate members included), no array of objects, an unknown `op`, a member
  // that is missing or of the wrong kind, a malformed pointer, a move into what is moved, or the
  // removal of the root. kTooLarge: over a limit. details say which operation (from 0) and member,
  // "[2].path", and how to mend it. Members an operation does not know are ignored.
  static Result<Patch> parse(std::string_view text, const PatchLimits& limits = {});

  // Changes the document's tree, or on error leaves it as it was, the order of members included.
  // A value that is replaced keeps its place among the members; one that is added comes last.
  // Nodes that neither a removal nor a replacement took away stay the same nodes. Values added stay
  // in the document's memory until it is cleared or parsed again, also after an error; the limit on
  // what is added bounds them.
  //
  // The root may become any value, a text too, which Document::parse would not read. In an empty
  // document there is nothing to point at: only adding a root fits it.
  //
  // kPreconditionFailed: a test does not hold. kConflict: a pointer leads nowhere. kTooLarge: over
  // a limit. details say which operation and pointer; the document's values are never quoted.
  Status apply(Document& document) const;

  const std::vector<PatchOperation>& operations() const { return operations_; }

 private:
  Patch() = default;

  PatchLimits limits_;
  Document document_;  // the values
  std::vector<PatchOperation> operations_;
};

// Whether two values are equal as `test` compares: numbers by value, texts by code points, objects
// without order, arrays in order.
bool same_value(const Node& a, const Node& b);

}  // namespace continuum::json
