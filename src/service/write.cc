#include "service/write.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "fhir/home.h"
#include "fhir/reference.h"
#include "identity/exact_match.h"
#include "json/document.h"

namespace continuum::service {
namespace {

using record::Ord;

constexpr size_t kOwnIdBytes = 16;

tl::unexpected<Error> invalid(std::string message, std::string where, std::string what) {
  return fail(ErrorCode::kInvalid, std::move(message), {{std::move(where), std::move(what)}});
}

tl::unexpected<Error> absent() {
  return fail(ErrorCode::kNotFound, "there is no resource of that type and id");
}

// A name that no source gives.
std::string new_own_id() {
  return "created:" + to_hex(SecureRandom().bytes(kOwnIdBytes));
}

class Writer {
 public:
  Writer(const WriteContext& context, const Write& write)
      : context_(context),
        write_(write),
        view_(context.visit.whole_view()),
        minter_(context.store.id_minter()) {}

  Result<PreparedWrite> run() {
    TRY(access::MayWrite may, access::may_write(context_.visit.principal(), write_.type));
    source_name_ = may.source;
    TRY(source_, context_.store.register_source(source_name_));
    if (write_.kind != Write::Kind::kCreate) {
      TRY(find_stored());
    }
    if (write_.kind == Write::Kind::kDelete) {
      TRY(prepare_deletion());
    } else {
      TRY(prepare_version());
    }
    TRY(check_condition());
    if (out_.item.unchanged) {
      TRY(note_what_is_there());
    }
    TRY(context_.visit.note_written(out_.item, may.rule));
    return std::move(out_);
  }

 private:
  // SAFETY: what another source sent, or holds in a place this caller may not see, is not there.
  Status find_stored() {
    auto id = record::ResourceId::parse(write_.id);
    auto located = id ? view_.locate({write_.type, *id})
                      : Result<record::Located>(fail(ErrorCode::kNotFound, "no regional id"));
    if (!located && located.error().code != ErrorCode::kNotFound) {
      return fail(located.error());
    }
    if (!located || located->source != source_) {
      context_.visit.note_absent();
      return absent();
    }
    stored_ = std::move(*located);
    draft_.resource = {write_.type, *id};
    own_id_ = stored_->own_id;
    return {};
  }

  Status prepare_deletion() {
    draft_.ord = stored_->key.ord;
    draft_.source = source_;
    out_.id = draft_.resource.id.text();
    return context_.store.prepare(draft_, out_.item);
  }

  Status prepare_version() {
    TRY(document_.parse(write_.body));
    json::Node& root = *document_.root();
    TRY(check_is_what_is_named(root));
    TRY(rewrite_references(root));
    if (write_.kind == Write::Kind::kCreate) {
      own_id_ = new_own_id();
      draft_.resource = {write_.type, {0, minter_.hash(source_name_, write_.type, own_id_)}};
    }
    TRY(draft_.ord, home_of(root));
    if (write_.kind == Write::Kind::kCreate) {
      draft_.resource.id.bucket = draft_.ord.bucket();
    }
    out_.id = draft_.resource.id.text();
    TRY(record::canonicalise(document_, root, out_.id, source_name_, out_.canonical));
    std::string match;
    if (write_.type == fhir::kPatientType) {
      TRY(check_is_same_person(root));
      match = identity::exact_match(root).key;
    }
    draft_.source = source_;
    draft_.own_id = own_id_;
    draft_.canonical = &out_.canonical;
    draft_.tree = &root;
    draft_.match = match;
    draft_.also_about = also_about_;
    TRY(context_.store.prepare(draft_, out_.item));
    out_.is_new = out_.item.previous_version == 0 || out_.item.previous_deleted;
    return {};
  }

  Status check_is_what_is_named(const json::Node& root) {
    if (!root.is_object()) {
      return invalid("a resource must be a JSON object", "", "expected an object");
    }
    std::string expected(fhir::type_name(write_.type));
    if (root.string("resourceType") != expected) {
      return invalid("the resource is not of the type in the URL", "resourceType",
                     "expected " + expected);
    }
    if (write_.kind == Write::Kind::kUpdate && root.string("id") != write_.id) {
      return invalid("the resource's id is not the one in the URL", "id",
                     "expected the id of the URL");
    }
    return {};
  }

  // What a reference of this source leads to in the store.
  struct Named {
    record::Located located;
    std::string text;  // Type/id, as it is stored
  };
  Result<std::optional<Named>> find(std::string_view reference) {
    fhir::ParsedReference parsed = fhir::parse_reference(reference);
    bool is_here =
        parsed.kind == fhir::ReferenceKind::kRelative ||
        (parsed.kind == fhir::ReferenceKind::kAbsolute && parsed.base == context_.region.base_url);
    if (!is_here || !parsed.version.empty()) {
      return std::optional<Named>();
    }
    auto name = [&parsed](const record::ResourceId& id) {
      return std::string(fhir::type_name(*parsed.type)) + "/" + id.text();
    };
    if (auto id = record::ResourceId::parse(parsed.id)) {
      auto located = view_.locate({*parsed.type, *id});
      if (located) {
        return std::optional(Named{std::move(*located), name(*id)});
      }
      return located.error().code == ErrorCode::kNotFound
                 ? Result<std::optional<Named>>(std::nullopt)
                 : fail(located.error());
    }
    // By the source's own id, as its feeds name it.
    record::IdHash hash = minter_.hash(source_name_, *parsed.type, parsed.id);
    TRY(auto located, view_.find(*parsed.type, hash));
    if (!located || located->source != source_) {
      return std::optional<Named>();
    }
    record::ResourceId id{located->id_bucket, hash};
    return std::optional(Named{std::move(*located), name(id)});
  }

  Status rewrite_references(json::Node& node) {
    for (json::Node& child : children(node)) {
      if (child.is_string() && child.key == "reference") {
        TRY(auto named, find(child.text));
        if (named && named->text != child.text) {
          document_.set_text(child, named->text);
        }
      } else if (child.first != nullptr) {
        TRY(rewrite_references(child));
      }
    }
    return {};
  }

  // References are rewritten by now.
  Result<Ord> home_of(const json::Node& root) {
    if (write_.type == fhir::kPatientType) {
      return context_.store.place_patient(source_, draft_.resource.id.hash, own_id_);
    }
    if (fhir::is_shared_type(write_.type)) {
      return Ord::shared();
    }
    std::optional<Ord> home;
    bool is_unknown = false;  // the first that is named
    Status status;
    fhir::patient_candidates(write_.type, root, [&](std::string_view reference) {
      if (!status || is_unknown) {
        return;
      }
      auto named = find(reference);
      if (!named) {
        status = fail(named.error());
        return;
      }
      bool is_own =
          *named && (*named)->located.source == source_ && (*named)->located.key.ord.is_patient();
      if (home && is_own) {
        add_also_about((*named)->located.key.ord, *home);
      } else if (!home && is_own) {
        home = (*named)->located.key.ord;
      }
      is_unknown = !home;
    });
    TRY(status);
    if (is_unknown) {
      return invalid("the resource names a patient that this source has not sent", "",
                     "send the Patient first, or name it by the id it was given here");
    }
    if (also_about_.size() >= record::kPlacesMax) {
      return fail(ErrorCode::kTooLarge, "the resource is about too many patients",
                  {{"", "at most " + std::to_string(record::kPlacesMax)}});
    }
    // What names nobody stays where it is.
    return home.value_or(stored_ ? stored_->key.ord : Ord::quarantine(source_));
  }

  void add_also_about(Ord ord, Ord home) {
    if (ord != home &&
        std::find(also_about_.begin(), also_about_.end(), ord) == also_about_.end()) {
      also_about_.push_back(ord);
    }
  }

  Status check_is_same_person(const json::Node& root) {
    if (!stored_) {
      return {};
    }
    auto stored = view_.read(stored_->key);
    if (!stored) {
      return stored.error().code == ErrorCode::kGone ? Status() : fail(stored.error());
    }
    std::string body;
    TRY(view_.open_canonical(*stored, body));
    json::Document document;
    TRY(document.parse(body));
    if (identity::are_other_people(identity::person_facts(*document.root()),
                                   identity::person_facts(root))) {
      return fail(ErrorCode::kConflict,
                  "the Patient there has another birth date and no identifier in common: this may "
                  "be another person",
                  {{"", "send another person as a new Patient"}});
    }
    return {};
  }

  Status check_condition() {
    if (!write_.condition) {
      return {};
    }
    const record::Prepared& item = out_.item;
    bool is_there = item.previous_version > 0 && !item.previous_deleted;
    bool holds = is_there && write_.condition(item.previous_version);
    if (!holds) {
      return fail(ErrorCode::kPreconditionFailed,
                  "the resource has another version than If-Match names",
                  {{"If-Match", "read it again, and change that version"}});
    }
    return {};
  }

  Status note_what_is_there() {
    TRY(auto versions, view_.versions(out_.item.key));
    if (versions.empty()) {
      return fail(ErrorCode::kCorrupt, "a resource that is there has no versions");
    }
    out_.unchanged = versions.front().row.header;
    return {};
  }

  const WriteContext& context_;
  const Write& write_;
  const record::View& view_;
  record::IdMinter minter_;
  std::string source_name_;
  record::SourceNumber source_ = 0;
  std::optional<record::Located> stored_;
  json::Document document_;
  std::string own_id_;
  std::vector<Ord> also_about_;
  record::Draft draft_;
  PreparedWrite out_;
};

}  // namespace

uint32_t PreparedWrite::version() const {
  return unchanged ? unchanged->version : item.header.version;
}

Instant PreparedWrite::instant() const {
  return unchanged ? unchanged->instant : item.header.instant;
}

Result<PreparedWrite> prepare_write(const WriteContext& context, const Write& write) {
  return Writer(context, write).run();
}

}  // namespace continuum::service
