//! Random events in random order: [`World`] checks what holds after each step.

use core::time::Duration;

use proptest::prelude::*;

use super::own::{own_bit, words};
use super::world::*;

#[derive(Clone, Debug)]
enum Step {
    /// Signals of one batch, each of a process by its number.
    Signals(Vec<(i32, SentSignal)>),
    Pass(Nanos),
    Exit(i32),
    /// A process is replaced by another program, or begins to handle or to deny signals.
    Change(i32, SignalSet, bool),
    Writing(Writing),
    Stop,
}

#[derive(Clone, Debug)]
enum SentSignal {
    Bits(u8),
    Hello(u64, Signal),
    /// With the nonces of the server, or with others.
    Open(u64, Signal, bool),
    OwnBits(u64, u64, u8, bool),
    Word(usize),
    Attestation,
}

fn sent() -> impl Strategy<Value = SentSignal> {
    let client = || 0u64..3;
    let signal = || prop::sample::select(&[Signal::USR1, Signal::USR2, Signal::WORD]);
    prop_oneof![
        4 => any::<u8>().prop_map(SentSignal::Bits),
        2 => (client(), signal()).prop_map(|(client, signal)| SentSignal::Hello(client, signal)),
        2 => (client(), signal(), any::<bool>()).prop_map(|(c, s, is_ours)| SentSignal::Open(c, s, is_ours)),
        2 => (client(), 0u64..40, any::<u8>(), any::<bool>())
            .prop_map(|(c, index, bits, is_ours)| SentSignal::OwnBits(c, index, bits, is_ours)),
        2 => (0usize..3).prop_map(SentSignal::Word),
        1 => Just(SentSignal::Attestation),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let handled = prop::sample::select(&[SignalSet::NONE, SignalSet::BITS, SignalSet::LANES]);
    let writing = prop::sample::select(&[Writing::Works, Writing::Works, Writing::Blocks]);
    prop_oneof![
        20 => prop::collection::vec((1..24, sent()), 1..4).prop_map(Step::Signals),
        10 => (0..100 * MILLISECOND).prop_map(Step::Pass),
        1 => (1..24).prop_map(Step::Exit),
        1 => (1..24, handled, any::<bool>()).prop_map(|(n, h, d)| Step::Change(n, h, d)),
        1 => writing.prop_map(Step::Writing),
    ]
}

fn events(n: i32, sent: &SentSignal) -> Vec<Event> {
    let client = pid(n);
    match sent {
        SentSignal::Bits(byte) => (0..8)
            .map(|i| bit(client, Bit::from(byte >> i & 1 == 1)))
            .collect(),
        SentSignal::Hello(nonce, signal) => [hello(client, *nonce, *signal)].into(),
        SentSignal::Open(nonce, signal, true) => [open(client, *nonce, *signal)].into(),
        // The nonce of another process.
        SentSignal::Open(nonce, signal, false) => {
            let nonces = nonces(pid(n + 1), *nonce);
            [open_with(client, nonces, *signal, false)].into()
        }
        SentSignal::OwnBits(nonce, index, bits, is_ours) => {
            let nonces = nonces(pid(n + i32::from(!is_ours)), *nonce);
            let bit = |i| own_bit(client, nonces, index + i, Bit::from(bits >> i & 1 == 1));
            (0..8).map(bit).collect()
        }
        SentSignal::Word(index) => [words(client, 1, &[7; 80])[*index]].into(),
        SentSignal::Attestation => [bare(client, Signal::WORD)].into(),
    }
}

fn run(world: &mut World, step: &Step) {
    match step {
        Step::Signals(signals) => {
            let events: Vec<_> = signals
                .iter()
                .flat_map(|(n, sent)| events(*n, sent))
                .collect();
            world.now += MILLISECOND;
            world.feed(&events);
        }
        Step::Pass(time) => world.pass(*time),
        Step::Exit(n) => {
            world.exit(pid(*n));
            if !world.held.contains(&pid(*n)) {
                world.spawn(*n);
            }
        }
        Step::Change(n, handled, is_denied) => {
            let denied: fn() -> PeerError = || PeerError::NotPermitted;
            let process = world.process(pid(*n));
            process.handled = *handled;
            process.error = is_denied.then_some(denied);
        }
        Step::Writing(writing) => world.writing = *writing,
        Step::Stop => world.feed(&[Event {
            origin: unknown(),
            ..bare(pid(1), Signal::TERM)
        }]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_order_of_events_breaks_a_rule_and_a_stop_ends_it(
        steps in prop::collection::vec(step(), 0..50),
        idle in 1u64..1000,
        max_memory in 100usize..10_000,
    ) {
        let mut world = World::new(|config| {
            config.idle_timeout = Some(Duration::from_millis(idle));
            config.max_memory = Some(max_memory);
            config.trace = true;
        });
        for n in 1..24 {
            world.spawn_with(n, |process| {
                process.is_certain = n % 5 > 0;
                process.sleep = match n % 3 {
                    0 => SleepState::ForSignal,
                    1 => SleepState::Napping,
                    _ => SleepState::Awake,
                };
                process.run_time = (n % 3 == 0).then_some(0);
            });
        }
        for step in &steps {
            run(&mut world, step);
        }
        world.writing = Writing::Works;
        run(&mut world, &Step::Stop);
        world.pass(SECOND);
        prop_assert!(matches!(world.end, Some(Ok(()))));
        for n in 1..24 {
            world.exit(pid(n));
        }
        world.pass(2 * SECOND);
        prop_assert!(world.machine.sessions.is_empty());
        prop_assert_eq!(world.machine.core.backlog.memory.used(), 0);
        prop_assert_eq!(world.machine.core.scheduler.deadline(), None);
        prop_assert!(world.machine.core.scheduler.holder().is_none());
    }
}
