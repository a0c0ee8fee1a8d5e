//! The reliable link, model-checked and simulated.
//!
//! The build script copies the product's `src/wire/`, and makes one more copy for each mutant of `mutants.rs`. Counts that only
//! serve reports, repetitions and the width of the window are frozen in all copies, to keep the states finite. Two drivers run
//! the copies:
//!
//! - `model`: every state that two ends and the kernel can reach together, by stateright;
//! - `simulation`: whole messages of several clients under random schedules, each from one seed.
//!
//! Both use one `channel`: a standard signal that finds one of its number pending is swallowed; real-time signals queue in
//! order and are refused for lack of room. Pending signals of the three numbers are delivered in any order, at any later time.
//!
//! The model may also lose any transmission of a standard signal and any answer, and refuse any word. One model also loses
//! words, which the kernel never does.
//!
//! # What is proved, for frames of 80 and 88 bits
//! - Each message is completed at most once, and only as it was sent. A client that ends was notified of the result, and
//!   of "delivered" only for a message that is written.
//! - From every state, a continuation without further faults lets the client make progress; so it ends from every state.
//! - The successor of a client that died in its hellos, at its first bit or at its last, with any of its signals pending in
//!   either direction, is not affected. Neither is one that starts amid chosen remains, in every combination.
//! - A server may forget the client at any point, once: nothing is duplicated or altered, and the client is notified.
//! - The same holds for frames in two words of 8 bytes, and in three where words are lost: with turns, with a client that dies
//!   anywhere and leaves words queued in both directions, and with a server that forgets. A client that is paused in its words
//!   waits, and does not give them up.
//! - The same holds for a client that falls back from words to bits, at any question that was not answered.
//!
//! # What is not proved
//! - Deaths at other bits, longer messages and third successors: these are left to the simulation.
//! - Durations: timeouts may pass at any moment, and the client's own limit on silence is out of reach.
//! - Two transfers of one PID that chose the same tag, which happens once in 65,535.
//! - A sender that forges another's PID.
//! - Windows of more than two words, and more room for them: these are left to the simulation, whose messages have up to 126
//!   words.
//! - Turns while several words are in flight, and turns withdrawn from bits after a fallback from words.
//! - More than one signal in each process's ring between delivery and reaction: this is left to the simulation.
#![forbid(unsafe_code)]

extern crate alloc;

pub mod channel;
pub mod link;
pub mod model;
pub mod simulation;
pub mod world;

include!(concat!(env!("OUT_DIR"), "/variants.rs"));

/// Explores all states within bounds.
pub type Explore = fn(model::Bounds) -> model::Verdict;

/// A link, unchanged or without a rule of the protocol.
pub struct Variant {
    /// The name of the link.
    pub name: &'static str,
    /// The model of the link.
    pub explore: Explore,
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
