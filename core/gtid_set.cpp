#include "core/gtid_set.hpp"

#include <type_traits>

#include "core/assert.hpp"

namespace tailrace {

namespace {

template <class T>
using SetOf = std::conditional_t<std::is_same_v<T, MysqlGtid>, MysqlGtidSet, MariadbGtidSet>;

}  // namespace

std::string gtid_text(const Gtid& gtid) {
  return std::visit([](const auto& id) { return id.text(); }, gtid);
}

// Only MySQL's form has colons.
Result<GtidSet> GtidSet::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    TAILRACE_ASSIGN(MysqlGtidSet set, MysqlGtidSet::parse(text));
    return GtidSet(std::move(set));
  }
  TAILRACE_ASSIGN(MariadbGtidSet set, MariadbGtidSet::parse(text));
  return GtidSet(std::move(set));
}

void GtidSet::add(const Gtid& gtid) {
  std::visit(
      [this]<class T>(const T& id) {
        if (!std::holds_alternative<SetOf<T>>(set_)) {
          TAILRACE_ASSERT(empty());
          set_ = SetOf<T>();
        }
        std::get<SetOf<T>>(set_).add(id);
      },
      gtid);
}

void GtidSet::add(const GtidSet& other) {
  if (other.empty()) return;
  std::visit(
      [this]<class Set>(const Set& set) {
        if (!std::holds_alternative<Set>(set_)) {
          TAILRACE_ASSERT(empty());
          set_ = Set();
        }
        std::get<Set>(set_).add(set);
      },
      other.set_);
}

bool GtidSet::empty() const {
  return std::visit([](const auto& set) { return set.empty(); }, set_);
}

bool GtidSet::contains(const Gtid& gtid) const {
  return std::visit(
      [this]<class T>(const T& id) {
        const auto* const set = std::get_if<SetOf<T>>(&set_);
        return set != nullptr && set->contains(id);
      },
      gtid);
}

bool GtidSet::contains(const GtidSet& other) const {
  if (other.empty()) return true;
  return std::visit(
      [this]<class Set>(const Set& wanted) {
        const auto* const set = std::get_if<Set>(&set_);
        return set != nullptr && set->contains(wanted);
      },
      other.set_);
}

GtidSet GtidSet::minus(const GtidSet& other) const {
  return std::visit(
      [&]<class Set>(const Set& set) {
        const auto* const taken = std::get_if<Set>(&other.set_);
        return taken == nullptr ? *this : GtidSet(set.minus(*taken));
      },
      set_);
}

std::string GtidSet::text() const {
  return std::visit([](const auto& set) { return set.text(); }, set_);
}

const MysqlGtidSet* GtidSet::mysql() const {
  static const MysqlGtidSet none;
  return empty() ? &none : std::get_if<MysqlGtidSet>(&set_);
}

const MariadbGtidSet* GtidSet::mariadb() const {
  static const MariadbGtidSet none;
  return empty() ? &none : std::get_if<MariadbGtidSet>(&set_);
}

bool operator==(const GtidSet& a, const GtidSet& b) {
  return (a.empty() && b.empty()) || a.set_ == b.set_;
}

}  // namespace tailrace
