//! The audit of signal handlers in compiled programs: the command `minitalk-audit`, and a library for minitalk's own tasks.
//!
//! The way through: [`program`] reads the command line, [`load`] the file, [`install`] finds the handlers that it installs,
//! [`audit`] has each explored and collects what was found, [`report`] prints it. [`explore`] explores a function and those
//! that it calls, [`walk`] the ways through one with what is known of its registers ([`state`], [`value`]); [`frame`] has what
//! is met on the way. [`step`] is what one instruction does, [`flow`] where control goes, [`compute`] what it computes,
//! [`memory`] what it loads and stores, [`access`] what it may touch, [`assume`] what a reviewer states of it, [`torn`] which
//! stores belong together, [`loops`] whether a loop ends. [`index`] answers questions about a whole file, which [`sweep`] reads
//! once. [`conflict`] says what the handler shares with what it interrupts: [`groups`] which words the program stores together,
//! [`mixture`] what the handler makes of them; [`condition`] and [`lines`] say more of a finding. [`leaf`] is the stricter audit of minitalk's own handler.

mod access;
mod address;
mod allow;
mod apart;
mod arrays;
mod assume;
mod audit;
mod beforehand;
mod block;
mod blocking;
mod call;
mod callee;
mod carried;
mod chosen;
mod chosen_number;
mod comparison;
mod compute;
mod condition;
mod conflict;
mod counters;
mod dynamic;
mod emptied;
mod entry;
mod escape;
mod explore;
mod files;
mod finding;
mod flow;
mod frame;
mod given;
mod graph;
mod groups;
mod hash;
mod ignored;
mod image;
mod index;
mod install;
mod installed;
mod leaf;
mod libc;
mod library;
mod line;
mod lines;
mod load;
mod loops;
mod mask;
mod masked;
mod memory;
mod mixture;
mod motion;
mod names;
mod neighbours;
mod nested;
mod nesting;
mod odd;
mod operand;
mod order;
mod pads;
mod pointed;
mod policy;
mod private;
mod program;
mod races;
mod reach;
mod relocate;
mod report;
mod retries;
mod rings;
mod runtime;
mod sealed;
mod state;
mod step;
mod summary;
mod sweep;
mod threads;
mod timer;
mod torn;
mod value;
mod vector;
mod waits;
mod walk;

pub use leaf::{Built, Product, Unbuilt, main as task};
pub use program::main as program;
