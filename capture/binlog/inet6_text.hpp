// An IPv6 address as MariaDB prints INET6. Unlike inet_ntop(), which follows RFC 5952, it also
// shortens a single group of zeros: 1::3:4:5:6:7:8.
// Source: MariaDB plugin/type_inet/sql_type_inet.cc, Inet6::to_string.
// Threading: free function.
#pragma once

#include <string>
#include <string_view>

namespace tailrace::capture {

// `address`: 16 bytes in network order.
std::string inet6_text(std::string_view address);

}  // namespace tailrace::capture
