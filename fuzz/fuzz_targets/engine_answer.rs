//! See `tenantgate::isolation::fuzzing`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tenantgate::isolation::fuzzing::answer(data));
