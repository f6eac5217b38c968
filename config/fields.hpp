// The registry: one declaration per key of the pipeline file. The root is pipeline_object() of
// shape.hpp; these are its parts, a file per part of the language.
// Threading: immutable once built.
#pragma once

#include "config/drafts.hpp"
#include "config/types.hpp"

namespace tailrace::config {

const Object& source_object();
const Object& table_object();
const Object& stream_object();
const Object& events_object();
const Object& document_object();
const Object& lookup_object();
const Object& sink_object();
const Object& errors_object();
const Object& serve_object();
const Object& state_object();
const Object& log_object();

// "host:port", "[::1]:port"; without a port: `default_port`, or an error where that is 0.
Type<Address> address(std::uint16_t default_port);

}  // namespace tailrace::config
