//! The bodies of the fuzz targets.
//!
//! `fuzz/` runs these functions on generated inputs, `tests/corpus.rs` of the root package on the checked-in inputs. Each takes
//! bytes and returns, or panics because an invariant does not hold.
//!
//! Every body has a `check` beside its entry, which takes the part under test as a function. The entries pass the real part;
//! `tests/defects.rs` passes defective ones, which the checked-in corpus must detect.
//!
//! Operations are decoded by hand: one byte names an operation and its small arguments. A mutation of one byte then changes one
//! operation, and people can read and write an input.

pub mod adversary;
mod bits;
pub mod corpus;
pub mod dialects;
pub mod frame;
pub mod link;
mod model;
mod process;
pub mod receiver;
mod reference;
pub mod ring;
pub mod sender;
pub mod serve;
pub mod world;

/// A fuzz target, with the name of its file in `fuzz/fuzz_targets` and of its directory in `fuzz/corpus`.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of the target.
    pub name: &'static str,
    /// The body of the target.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 8] = [
    target("client-adversary", adversary::run_on_client),
    target("dialects", dialects::run),
    target("frame", frame::run),
    target("link", link::run),
    target("receiver", receiver::run),
    target("ring", ring::run),
    target("sender", sender::run),
    target("server-adversary", adversary::run_on_server),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}
