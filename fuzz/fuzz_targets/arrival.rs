//! See `tenantgate::server::fuzzing`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantgate::server::fuzzing::head(data));
