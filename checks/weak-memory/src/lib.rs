//! The ring between the signal handler and the main loop, under weak memory.
//!
//! The build script copies the product's `src/signal/ring.rs`, replaces `core`'s atomics by loom's, and makes one more copy for
//! each mutant of `mutants.rs`. Loom then runs each model over each copy in every interleaving, and with every value that the
//! C11 memory model lets a load return, within a bound on involuntary context switches.
//!
//! # What is proved, within the bounds
//! On a ring of four slots, with one, two and three producers and for two laps, with the mark obeyed:
//! - nothing is lost, duplicated or torn, and each producer's entries keep their order;
//! - no push overruns: it finds its slot free, and the consumer's reads of the slot have happened before its writes;
//! - the words behind the tag are free of data races: they could be plain memory (`atomics::Word` checks it). The ring needs
//!   less, but this compensates for loom's limits below;
//! - happens-before orders the writes of a slot's tag;
//! - `H + 1` producers are allowed, `H` being the mark, and the models are tight: with one slot less between the mark and the
//!   top, or with `head` moved one step too early, three producers on four slots overrun;
//! - the right to consume transfers everything that the next owner needs;
//! - to admit a producer again because a pop returned `None` is **not** enough: an unfilled slot of a slow producer holds up
//!   all later entries, which go once round the ring and into that slot. `Consumer::is_below_mark` is enough;
//! - the first three also hold for one producer that pushes without a read-modify-write (`Ring::push_alone`), for aarch64
//!   without LSE; two such producers lose a signal, which AS-14 must exclude.
//!
//! Each ordering above `Relaxed` in the ring is needed: its `relaxed_` mutant fails, and the build fails if an ordering
//! has no mutant.
//!
//! # What is not proved
//! - More preemptions than each model's bound, more producers, more laps, and tickets that wrap around `usize`.
//! - Loom does not let a load return a store that comes later in the execution (load buffering), and takes the order of
//!   execution for the modification order. For the words, freedom from races excludes both; for the tag, the order of its
//!   writes is proved. `head` and `claimed` have one writer at a time; `tail` is only incremented.
//! - A failed swap in loom may hide the release that it did not see from all later ones, so no model retries a swap.
//! - Interruption of the consumer by the handler on its own thread, instruction by instruction: another check proves that. Here
//!   the handler runs between pops.
#![forbid(unsafe_code)]

mod atomics;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

include!(concat!(env!("OUT_DIR"), "/variants.rs"));

/// A ring, unchanged or with one defect, and the models over it.
pub struct Variant {
    /// The name of the ring.
    pub name: &'static str,
    /// The models over the ring.
    pub models: &'static [Model],
    /// A forbidden use of the ring: a producer is admitted after a pop that returned `None`.
    pub let_in_too_early: &'static Model,
    /// A forbidden use of the ring: two producers without read-modify-write.
    pub two_alone: &'static Model,
}

/// A model.
pub struct Model {
    /// The name of the model.
    pub name: &'static str,
    run: fn(&Census),
    /// The maximum number of involuntary context switches in one execution; switches where a thread waits or ends are free.
    preemptions: usize,
    /// The minimum number of executions of the faithful ring: loom explores only one if it sees nothing to vary.
    pub at_least: usize,
    /// The minimum number of those executions in which threads ran concurrently.
    pub concurrent: usize,
}

/// Counts of an exploration.
#[derive(Debug, Default)]
pub struct Census {
    executions: AtomicUsize,
    concurrent: AtomicUsize,
}

impl Census {
    fn one_more(&self) {
        self.executions.fetch_add(1, Ordering::Relaxed);
    }

    fn one_concurrent(&self) {
        self.concurrent.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many executions were explored.
    pub fn executions(&self) -> usize {
        self.executions.load(Ordering::Relaxed)
    }

    /// Returns in how many of them the consumer found the ring empty between two entries, or the right to consume changed
    /// hands: proof that threads ran concurrently.
    pub fn concurrent(&self) -> usize {
        self.concurrent.load(Ordering::Relaxed)
    }
}

impl Model {
    /// Explores all executions within the bound.
    ///
    /// # Errors
    /// The failure of the first execution that breaks a guarantee.
    pub fn explore(&self) -> (Arc<Census>, Result<(), String>) {
        let census = Arc::new(Census::default());
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(self.preemptions);
        builder.max_branches = 10_000;
        let run = self.run;
        let counted = Arc::clone(&census);
        let result = catch_unwind(AssertUnwindSafe(|| builder.check(move || run(&counted))));
        let result = result.map_err(|panic| {
            panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
                .unwrap_or_default()
        });
        (census, result)
    }
}
