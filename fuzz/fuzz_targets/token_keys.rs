//! See `tenantgate::token::fuzzing`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantgate::token::fuzzing::keys(data));
