#include "record/kv/index.h"

#include <limits>

#include "base/bytes.h"
#include "base/check.h"
#include "fhir/care_events.h"
#include "fhir/reference.h"
#include "fhir/search_values.h"
#include "fhir/timeline.h"
#include "record/kv/care.h"
#include "record/kv/values.h"

namespace continuum::record {
namespace {

constexpr uint8_t kCopyBit = 0x80;
constexpr size_t kOrdAndItemSize = 6 + 4;

}  // namespace

// Writes each value as a key. One resource at a time.
class IndexSink final : public fhir::SearchValueSink {
 public:
  IndexSink(IndexEntries& out, const ItemKey& item)
      : out_(out), item_(item), timeline_(fhir::timeline_parameters(item.type)) {}

  void token(fhir::ParameterNumber parameter, std::string_view system,
             std::string_view code) override {
    start(kPostings, parameter);
    put_term(out_.bytes_, code);
    put_term(out_.bytes_, system);
    finish();
  }

  void string(fhir::ParameterNumber parameter, std::string_view text) override {
    std::string folded;
    put_folded(folded, text);
    start(kRanges, parameter);
    put_term(out_.bytes_, folded);
    finish(text);
  }

  void reference(fhir::ParameterNumber parameter, std::string_view reference,
                 std::string_view identifier_system, std::string_view identifier_value) override {
    if (!reference.empty()) {
      start(kPostings, parameter);
      put_named(reference);
      finish();
    }
    if (!identifier_value.empty()) {
      start(kPostings, parameter);
      put_reference_identifier(out_.bytes_, identifier_value, std::string(identifier_system));
      finish();
    }
  }

  void date(fhir::ParameterNumber parameter, const fhir::DateRange& range) override {
    start(kRanges, parameter);
    put_instant(out_.bytes_, range.low);
    put_instant(out_.bytes_, range.high);
    finish();
    note_time(parameter, range);
  }

  void number(fhir::ParameterNumber parameter, std::string_view decimal) override {
    start(kRanges, parameter);
    put_sortable_decimal(out_.bytes_, decimal);
    finish(decimal);
  }

  void quantity(fhir::ParameterNumber parameter, const fhir::QuantityValue& value) override {
    std::string rest;
    put_term(rest, value.comparator);
    put_term(rest, value.unit);
    rest.append(value.value);
    start(kRanges, parameter);
    put_term(out_.bytes_, value.code);
    put_term(out_.bytes_, value.system);
    put_sortable_decimal(out_.bytes_, value.value);
    finish(rest);
  }

  void uri(fhir::ParameterNumber parameter, std::string_view text) override {
    start(kPostings, parameter);
    put_term(out_.bytes_, text);
    finish();
  }

  // The timeline's own key, once all values are known.
  void end_resource() {
    if (best_rank_ == SIZE_MAX) {
      return;
    }
    start_key(kTimeline);
    put_ord(out_.bytes_, item_.ord);
    put_u64(out_.bytes_, ~sortable(best_time_));
    put_u8(out_.bytes_, item_.type);
    put_u32(out_.bytes_, item_.item);
    end_key({});
  }

  void care(SourceNumber source, const fhir::CareEvent& event, uint8_t slot) {
    start_key(kCare);
    put_care_key(out_.bytes_, source, item_, event.kind, slot);
    std::string rest;
    put_care_rest(rest, event);
    end_key(rest);
  }

 private:
  void start_key(FamilyNumber family) {
    entry_ = {family, static_cast<uint32_t>(out_.bytes_.size()), 0, 0, 0};
  }
  void start(FamilyNumber family, fhir::ParameterNumber parameter) {
    start_key(family);
    put_u16(out_.bytes_, parameter);
  }
  void end_key(std::string_view rest) {
    entry_.key_size = static_cast<uint32_t>(out_.bytes_.size()) - entry_.key_at;
    entry_.rest_at = static_cast<uint32_t>(out_.bytes_.size());
    entry_.rest_size = static_cast<uint32_t>(rest.size());
    out_.bytes_.append(rest);
    out_.entries_.push_back(entry_);
  }
  void finish(std::string_view rest = {}) {
    put_ord(out_.bytes_, item_.ord);
    put_u32(out_.bytes_, item_.item);
    end_key(rest);
  }

  void put_named(std::string_view reference) {
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    auto id =
        parsed.kind == fhir::ReferenceKind::kRelative ? ResourceId::parse(parsed.id) : std::nullopt;
    if (id) {
      put_reference(out_.bytes_, ResourceKey{*parsed.type, *id});
    } else {
      put_reference(out_.bytes_, reference);
    }
  }

  // The first parameter of fhir::timeline_parameters that has a value decides; of its values the
  // earliest start, or the end of a period without one.
  void note_time(fhir::ParameterNumber parameter, const fhir::DateRange& range) {
    for (size_t rank = 0; rank < timeline_.size() && rank <= best_rank_; ++rank) {
      if (timeline_[rank] != parameter) {
        continue;
      }
      Instant time = range.low == fhir::kOpenLow ? range.high : range.low;
      if (rank < best_rank_ || time < best_time_) {
        best_time_ = time;
      }
      best_rank_ = rank;
    }
  }

  IndexEntries& out_;
  ItemKey item_;
  std::span<const fhir::ParameterNumber> timeline_;
  IndexEntries::Entry entry_{};
  size_t best_rank_ = SIZE_MAX;
  Instant best_time_;
};

void IndexEntries::add_resource(const ItemKey& item, SourceNumber source,
                                const json::Node& resource) {
  IndexSink sink(*this, item);
  fhir::extract_search_values(item.type, resource, sink);
  sink.end_resource();
  if (item.ord.is_patient() && fhir::may_tell_of_care(item.type)) {
    uint8_t slot = 0;
    fhir::care_events(item.type, resource,
                      [&](const fhir::CareEvent& event) { sink.care(source, event, slot++); });
  }
}

void IndexEntries::clear() {
  bytes_.clear();
  entries_.clear();
}

void put_index_value(std::string& out, const IndexStamp& stamp, std::string_view rest) {
  put_varint(out, stamp.t);
  put_u8(out, static_cast<uint8_t>(stamp.label_class | (stamp.is_copy ? kCopyBit : 0)));
  out.append(rest);
}

Result<IndexStamp> decode_index_stamp(std::string_view value) {
  ByteReader reader(value);
  IndexStamp stamp;
  TRY(stamp.t, reader.varint());
  TRY(uint8_t classes, reader.u8());
  stamp.label_class = classes & static_cast<uint8_t>(~kCopyBit);
  stamp.is_copy = (classes & kCopyBit) != 0;
  stamp.rest = reader.rest();
  return stamp;
}

void put_reference(std::string& out, const ResourceKey& resource) {
  if (!resource.id.given.empty()) {
    put_reference(out, std::string(fhir::type_name(resource.type)) + "/" + resource.id.given);
    return;
  }
  put_u8(out, 'L');
  put_u8(out, resource.type);
  out.append(view(resource.id.hash));
  put_u16(out, resource.id.bucket);
}

void put_reference(std::string& out, std::string_view text) {
  put_u8(out, 'X');
  put_term(out, text);
}

void put_reference_identifier(std::string& out, std::string_view value,
                              const std::optional<std::string>& system) {
  put_u8(out, 'I');
  put_term(out, value);
  if (system) {
    put_term(out, *system);
  }
}

Result<fhir::DateRange> decode_date_range(std::string_view key) {
  ByteReader reader(key);
  TRY(uint16_t parameter, reader.u16());
  static_cast<void>(parameter);
  fhir::DateRange range;
  TRY(range.low, take_instant(reader));
  TRY(range.high, take_instant(reader));
  return range;
}

Result<ItemKey> decode_index_item(FamilyNumber family, std::string_view key) {
  if (family == kCare) {
    return decode_care_item(key);
  }
  ItemKey item;
  if (family == kTimeline) {
    ByteReader reader(key);
    TRY(uint64_t ord, reader.u48());
    TRY(uint64_t date, reader.u64());
    static_cast<void>(date);
    item.ord = Ord::from_value(ord);
    TRY(item.type, reader.u8());
    TRY(item.item, reader.u32());
    if (!reader.empty() || item.type >= fhir::type_count()) {
      return fail(ErrorCode::kCorrupt, "a timeline key has the wrong shape");
    }
    return item;
  }
  if (key.size() < 2 + kOrdAndItemSize) {
    return fail(ErrorCode::kCorrupt, "an index key is too short");
  }
  TRY(uint16_t parameter, ByteReader(key).u16());
  if (parameter >= fhir::parameter_count()) {
    return fail(ErrorCode::kCorrupt, "an index key has an unknown parameter");
  }
  ByteReader tail(key.substr(key.size() - kOrdAndItemSize));
  TRY(uint64_t ord, tail.u48());
  item.ord = Ord::from_value(ord);
  TRY(item.item, tail.u32());
  item.type = fhir::parameter(parameter).type;
  return item;
}

Result<Instant> decode_timeline_date(std::string_view key) {
  ByteReader reader(key);
  TRY(uint64_t ord, reader.u48());
  static_cast<void>(ord);
  TRY(uint64_t date, reader.u64());
  return from_sortable(~date);
}

std::string token_prefix(fhir::TypeNumber type, std::string_view parameter, std::string_view system,
                         std::string_view code) {
  auto number = fhir::parameter_number(type, parameter);
  CHECK(number.has_value());
  std::string key;
  put_u16(key, *number);
  put_term(key, code);
  put_term(key, system);
  return key;
}

}  // namespace continuum::record
