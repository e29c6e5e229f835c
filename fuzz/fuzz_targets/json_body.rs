//! See `tenantgate::json::fuzzing`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantgate::json::fuzzing::body(data));
