//! The ring between the signal handler and the main loop, under weak memory.
//!
//! The build script copies the product's `src/signal/ring.rs`, puts loom's atomics in the place of `core`'s, and makes one more
//! copy for each mutant of `mutants.rs`. Loom then runs each model over each copy in every interleaving, and with every
//! value that the C11 memory model lets a load return, within a bound on involuntary switches of thread.
//!
//! # What is proved, within the bounds
//! On a ring of four slots, with one, two and three producers and for two laps, with the mark obeyed:
//! - nothing is lost, doubled or torn, and each producer's entries keep their order;
//! - no push overruns: it finds its slot free, and the consumer's reads of the slot have happened before its writes;
//! - the words behind the tag are free of data races: they could be plain memory (`atomics::Word` checks it). That is more
//!   than the ring needs, and it is what makes up for loom's limits below;
//! - the writes of a slot's tag are ordered by happens-before;
//! - `H + 1` producers are allowed, `H` being the mark, and the models are tight: with one slot less between the mark and
//!   the top, or with `head` moved one step too early, three producers on four slots overrun;
//! - the right to consume carries everything that the next owner needs;
//! - to let a producer in again because a pop returned `None` is **not** enough: a slow producer's unfilled slot holds
//!   up all that follow it, and they go once round the ring and into that slot. `Consumer::is_below_mark` is enough;
//! - all of the first three for one producer that pushes without a read-modify-write (`Ring::push_alone`), for aarch64 without
//!   LSE; and that two such producers lose a signal, which AS-14 has to exclude.
//!
//! Each ordering above `Relaxed` in the ring is needed: its `relaxed_` mutant fails, and the build fails if an ordering
//! has no mutant.
//!
//! # What is not
//! - More preemptions than each model's bound, more producers, more laps, and tickets that wrap around `usize`.
//! - Loom does not let a load return a store that comes later in the execution (load buffering), and takes the order of
//!   execution for the modification order. For the words both are excluded by freedom from races; for the tag, the
//!   order of its writes is proved. `head` and `claimed` have one writer at a time; `tail` is only ever added to.
//! - A swap that fails may, in loom, hide the release that it did not see from all later ones, so no model retries one.
//! - Interruption of the consumer by the handler on its own thread, instruction by instruction: another check does that.
//!   Here the handler runs between pops.
#![forbid(unsafe_code)]

mod atomics;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

include!(concat!(env!("OUT_DIR"), "/variants.rs"));

/// A ring, as it is or with one thing wrong, and the models over it.
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// Its models.
    pub models: &'static [Model],
    /// A use of it that it forbids.
    pub let_in_too_early: &'static Model,
    /// Another one.
    pub two_alone: &'static Model,
}

/// One model.
pub struct Model {
    /// Its name.
    pub name: &'static str,
    run: fn(&Census),
    /// The involuntary switches of thread in one execution, at most; switches where a thread waits or ends are free.
    preemptions: usize,
    /// The executions that the faithful ring has, at least: loom explores one only where it sees nothing to vary.
    pub at_least: usize,
    /// Those of them in which threads ran beside each other, at least.
    pub concurrent: usize,
}

/// What an exploration saw.
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

    /// How many executions were explored.
    pub fn executions(&self) -> usize {
        self.executions.load(Ordering::Relaxed)
    }

    /// In how many of them the consumer found the ring empty between two entries, or the right to consume was handed
    /// over: proof that threads ran beside each other.
    pub fn concurrent(&self) -> usize {
        self.concurrent.load(Ordering::Relaxed)
    }
}

impl Model {
    /// Explores all executions within the bound.
    ///
    /// # Errors
    /// What went wrong in the first execution that breaks a promise.
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
