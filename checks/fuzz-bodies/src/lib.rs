//! What the fuzz targets do with their bytes.
//!
//! `fuzz/` runs these functions on inputs that it invents, `tests/corpus.rs` of the root package on the inputs that are
//! checked in. Each takes bytes and returns, or panics because an invariant does not hold.
//!
//! Every body has a `check` beside its one-line entry, which takes the part under test as a function. The entries pass
//! the real part; `tests/defects.rs` passes broken ones and expects the checked-in corpus to notice.
//!
//! Operations are decoded by hand: one byte names an operation and its small arguments, so that a mutation of one byte is
//! a change of one operation, and an input can be read and written by a person.

pub mod bits;
pub mod corpus;
pub mod decoder;
pub mod dialects;
pub mod frame;
pub mod link;
pub mod model;
pub mod reference;
pub mod ring;
pub mod roundtrip;
pub mod sender;
mod sender_words;
pub mod serve;
pub mod words;

/// A fuzz target by the name of its file in `fuzz/fuzz_targets` and of its directory in `fuzz/corpus`.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// What it does with an input.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target {
        name: "decoder",
        run: decoder::run,
    },
    Target {
        name: "dialects",
        run: dialects::run,
    },
    Target {
        name: "frame",
        run: frame::run,
    },
    Target {
        name: "link",
        run: link::run,
    },
    Target {
        name: "ring",
        run: ring::run,
    },
    Target {
        name: "roundtrip",
        run: roundtrip::run,
    },
    Target {
        name: "sender",
        run: sender::run,
    },
    Target {
        name: "words",
        run: words::run,
    },
];
