//! See `tenantgate::form::fuzzing`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantgate::form::fuzzing::form(data));
