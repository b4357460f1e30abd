//! Bytes that nobody of ours wrote: decoding refuses them or makes a value of them, no more.

use crate::samples::{self, Sample};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const SEED: u64 = 0x7072_6f74_6f31;
const ROUNDS_PER_SAMPLE: usize = 300;
const NOISE_BYTES_MAX: usize = 256;

/// What decodes has one encoding, and this one decodes to the same.
fn check(sample: &Sample, bytes: &[u8]) {
    let Ok(first) = sample.decode(bytes) else {
        return;
    };
    let again = sample.decode(&first.bytes).unwrap_or_else(|error| {
        panic!("{}: {error} in our own encoding of what {bytes:02x?} decodes to", sample.name)
    });
    assert_eq!(again.value, first.value, "{}: {bytes:02x?}", sample.name);
    assert_eq!(again.bytes, first.bytes, "{}: {bytes:02x?}", sample.name);
}

#[test]
fn a_message_that_is_cut_off_anywhere_does_no_harm() {
    for sample in samples::all() {
        for end in 0..sample.bytes.len() {
            check(&sample, &sample.bytes[..end]);
        }
    }
}

#[test]
fn a_message_with_damaged_bytes_does_no_harm() {
    let mut random = StdRng::seed_from_u64(SEED);
    for sample in samples::all().iter().filter(|sample| !sample.bytes.is_empty()) {
        for _ in 0..ROUNDS_PER_SAMPLE {
            let mut bytes = sample.bytes.clone();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            check(sample, &bytes);
        }
    }
}

#[test]
fn noise_does_no_harm() {
    let mut random = StdRng::seed_from_u64(SEED);
    for sample in samples::all() {
        for _ in 0..ROUNDS_PER_SAMPLE {
            let mut bytes = vec![0; random.random_range(0..NOISE_BYTES_MAX)];
            random.fill(bytes.as_mut_slice());
            check(&sample, &bytes);
        }
    }
}
