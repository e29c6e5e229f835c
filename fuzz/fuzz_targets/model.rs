//! See `tenantgate::model::fuzzing`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantgate::model::fuzzing::model(data));
