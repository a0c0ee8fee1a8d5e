//! The reliable link, model-checked and simulated.
//!
//! The build script copies the product's `src/wire/`, and makes one more copy for each mutant of `mutants.rs`. Counts that
//! only go into reports, repetitions and the width of the window are frozen in all copies, to keep the states finite. Two
//! drivers run the copies:
//!
//! - `model`: every state that two ends and the kernel can reach together, by stateright;
//! - `simulation`: whole messages of several clients under random schedules, each from one number.
//!
//! Both use one `channel`: a standard signal that finds its like pending is swallowed, real-time signals queue in order and
//! are refused for want of room, and what is pending is delivered in any order across the three numbers, at any later time.
//! In the model any transmission of a standard signal and any answer may be lost besides, any word may be refused, and in one
//! model words are lost too, which is more than the kernel does.
//!
//! # What is proved, for frames of 80 and 88 bits
//! - Each message is completed at most once, and only as it was sent; a client that ends was told so, and is told
//!   "delivered" only of a message that is written.
//! - From every state, a continuation without further faults gets the client on; so it comes to its end from every state.
//! - The successor of a client that died in its hellos, at its first bit or at its last, with anything of it pending in
//!   either direction, takes no harm. So does one that begins amid chosen remains, in every combination.
//! - A server may forget the client at any point, once: nothing is doubled or altered, and the client is told.
//! - The same of frames in two words of 8 bytes, and in three where words are lost: with turns, with a client that dies
//!   anywhere and leaves words queued in both directions, and with a server that forgets. A client that is told to wait for
//!   its words does so, and does not give them up.
//! - The same of a client that gives words up for bits, at any question that was not answered.
//!
//! # What is not
//! - Deaths at other bits, longer messages and third successors are left to the simulation.
//! - Timeouts may pass at any moment, and the client's own limit on silence is out of reach: the model says nothing about
//!   how long anything takes.
//! - Two transfers of one PID that chose the same tag, which are 1 in 65,535.
//! - A sender that forges another's PID.
//! - Windows of more words than two, and more room for them: that is left to the simulation, whose messages have up to 126.
//! - Turns while several words are under way, and turns taken away from bits that came in the place of words.
//! - More than one signal waiting in each process's ring between delivery and reaction: that is left to the simulation.
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

/// A link, as it is or with a rule of the protocol missing.
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// Its model.
    pub explore: Explore,
    /// Its simulation, of one schedule.
    pub simulate: fn(u64, link::Lane) -> Result<simulation::Course, String>,
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
