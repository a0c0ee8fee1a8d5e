//! The reliable link, model-checked and simulated.
//!
//! The build script copies the product's `src/wire/` and `src/server/scheduler.rs`, and makes one more copy for each mutant of
//! `mutants.rs`. Three drivers run the copies:
//!
//! - `model`: every state that two ends, the kernel and a third process can reach together, by stateright;
//! - `both`: every state of two processes that send to each other at the same time;
//! - `simulation`: whole messages of several clients under random schedules, each from one seed.
//!
//! All use one `channel`: a standard signal that finds one of its number pending is swallowed; real-time signals queue in
//! order and are refused for lack of room. Pending signals of the three numbers are delivered in any order, at any later time.
//! The model may also lose any transmission of a standard signal and any reply, and refuse any word. One model also loses
//! words, which the kernel never does. Between two processes that send to each other, signals are delivered in the order of
//! their numbers, and only merging and lack of room lose any.
//!
//! The third process (`adversary`) sends to either end in the name of the other. It knows the numbers that it has drawn, those
//! that the server has sent to it, and two that anybody guesses; one model adds the 32 bits that words carry of a nonce. The keys
//! and hashes are the product's own.
//!
//! # What is frozen in every copy
//! - A frame has one byte of length, no kind, and one byte of checksum, so it has 16 bits with an empty message.
//! - At most three bits are in flight; the window of bits grows with each reply that brings news, and that of words does not.
//! - A hello is repeated at every second timeout instead of every fourth, and two hellos are tried on the real-time signal, not
//!   eight.
//! - Counters that are only reported, or only say how many copies to send, stand still.
//! - Serials are renumbered after each event, since only their order among the bits in flight matters.
//!
//! # What is proved
//! - The properties of [`world::Property`], which are integrity, agreement, identity, bounded state, noninterference, delivery,
//!   pause and liveness, in each state of the beginning and the end of a transfer of 16 bits: alone, with turns, with rings,
//!   with an abandoned predecessor, with a server that forgets, and with the third process.
//! - The same for transfers in one, two and three words, with the same circumstances, and for the fallback to bits.
//! - The same for the beginnings and the ends of transfers in both directions between the same two processes, in bits and in
//!   words. Each process tells answers from requests by their kinds alone.
//! - The same in bits between two processes that take turns: only the one with the turn goes on, withheld bits are not sent,
//!   and both get on, so that no turn lasts for ever. Up to two turns end at any moment, for their time or for a silence.
//! - A third process changes neither end at all, except that the server then answers one more hello, or one less on the
//!   real-time signal.
//!
//! # What is not proved
//! - The middle of a transfer in bits: the code does not know of one.
//! - Both directions beside a third process, or with successors; more than one repetition too early.
//! - Turns beside other clients or beside those of dialects: the unit tests of `src/server/` have them. When the engine asks
//!   the scheduler, and when it withholds bits, is repeated in `both`, and not copied from `src/engine/`.
//! - Longer messages, wider windows, more room and third successors: these are left to the simulation.
//! - Durations: timeouts may pass at any moment, and the client's own limit on silence is out of reach.
//! - A client that repeats its hello while a greeting is pending that came before: it takes the pending signals first.
//! - A server that forgets a client whose signals are pending, or whose words it has never answered. Such a client could open the
//!   same transfer again; the server draws another key when it forgets one (`src/server/machine.rs`, `evict`).
//! - That a client in bits is never given up when the opens of earlier transfers of its PID come late, time after time.
//! - Serials that are 128 transmissions old, guesses of 64 bits, and SipHash itself.
//! - How the server finds the user of a process, and which process has a PID: that is outside `src/wire/`.
#![forbid(unsafe_code)]

extern crate alloc;

pub mod adversary;
pub mod both;
pub mod channel;
pub mod link;
pub mod model;
pub mod sending;
pub mod serving;
pub mod simulation;
pub mod world;

include!(concat!(env!("OUT_DIR"), "/variants.rs"));

/// Explores all states within bounds, or as many as the second argument says.
pub type Explore<B> = fn(B, usize) -> model::Verdict;

/// A link, unchanged or without a rule of the protocol.
pub struct Variant {
    /// The name of the link.
    pub name: &'static str,
    /// The model of the link.
    pub explore: Explore<model::Bounds>,
    /// The simulation of the link, for one schedule.
    pub simulate: fn(u64, link::Lane) -> Result<simulation::Outcome, String>,
}

macro_rules! list {
    ($($name:ident)*) => {
        /// Every link: the faithful one first, then the mutants.
        pub static VARIANTS: &[Variant] = &[$(Variant {
            name: stringify!($name),
            explore: model::LinkModel::<$name::Link>::explore,
            simulate: simulation::run::<$name::Link>,
        }),*];
    };
}
for_each_variant!(list);

macro_rules! list_of_both {
    ($($name:ident)*) => {
        /// The name of each link between two processes that send to each other, and its model: the faithful one first.
        pub static VARIANTS_OF_BOTH: &[(&str, Explore<both::Bounds>)] =
            &[$((stringify!($name), both::BothModel::<$name::Link>::explore)),*];
    };
}
for_each_variant_of_both!(list_of_both);
