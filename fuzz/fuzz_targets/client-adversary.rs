#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_bodies::adversary::run_on_client(data));
