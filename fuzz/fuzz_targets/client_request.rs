//! See `tenantgate::request::fuzzing`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantgate::request::fuzzing::client_request(data));
