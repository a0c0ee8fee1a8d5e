//! The reliable link, model-checked and simulated.
//!
//! The build script copies the product's `src/wire/`, and makes one more copy for each mutant of `mutants.rs`. Two counts
//! that only go into reports and repetitions are frozen in all copies, to keep the states finite. Two drivers run the copies:
//!
//! - `model`: every state that two ends and the kernel can reach together, by stateright;
//! - `simulation`: whole messages of several clients under random schedules, each from one number.
//!
//! Both use one `channel`: a signal that finds its like pending is swallowed, pending signals are delivered in any order
//! across the two numbers, at any later time. In the model any transmission and any answer may be lost besides.
//!
//! # What is proved, for frames of 80 and 88 bits
//! - Each message is completed at most once, and only as it was sent; a client that ends was told so, and is told
//!   "delivered" only of a message that is written.
//! - From every state, a continuation without further faults gets the client on; so it comes to its end from every state.
//! - The successor of a client that died in its hellos, at its first bit or at its last, with anything of it pending in
//!   either direction, takes no harm. So does one that begins amid chosen remains, in every combination.
//! - A server may forget the client at any point, once: nothing is doubled or altered, and the client is told.
//!
//! # What is not
//! - Deaths at other bits, longer messages and third successors are left to the simulation.
//! - Timeouts may pass at any moment, and the client's own limit on silence is out of reach: the model says nothing about
//!   how long anything takes.
//! - Two transfers of one PID that chose the same tag, which are 1 in 65,535.
//! - A sender that forges another's PID.
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
    pub simulate: fn(u64) -> Result<(), String>,
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
