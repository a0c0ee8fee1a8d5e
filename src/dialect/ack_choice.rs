//! Which of the two signals acknowledges a client: a signal that it handles, and on which it goes on.

use super::{AckSignal, Symbol};

/// Says which signals a client handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandledSignals {
    /// Whether it handles SIGUSR1.
    pub usr1: bool,
    /// Whether it handles SIGUSR2.
    pub usr2: bool,
}

impl HandledSignals {
    /// Returns whether the client handles both signals.
    pub const fn both(self) -> bool {
        self.usr1 && self.usr2
    }

    /// Returns whether the client handles either signal.
    pub const fn any(self) -> bool {
        self.usr1 || self.usr2
    }

    /// Returns the signal that the client handles, if it does not handle the other one.
    pub(super) const fn only(self) -> Option<Symbol> {
        match (self.usr1, self.usr2) {
            (true, false) => Some(Symbol::Usr1),
            (false, true) => Some(Symbol::Usr2),
            _ => None,
        }
    }
}

/// Says which signals acknowledge the bits of a program of which a process has ended on an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckPolicy {
    /// SIGUSR2, from this acknowledgement on, counted from 0.
    Usr2From(u8),
    /// The signal of the acknowledged bit, or the other signal.
    Compared(AckSignal),
    /// SIGUSR2 for the first symbol, which asks for admission, and SIGUSR1 for all others.
    Usr2First,
}

/// Chooses the signal that acknowledges one client.
#[derive(Clone, Debug)]
pub(super) struct AckChoice {
    pub handled: HandledSignals,
    /// The last acknowledgement, and the signals that the client handled then: many restore the default actions before they end.
    acknowledged: Option<(Symbol, HandledSignals)>,
    /// The signal to acknowledge with if the client handles both.
    symbol: Symbol,
    /// How earlier processes of the program were acknowledged, if that was not the ordinary way.
    policy: Option<AckPolicy>,
    /// The last symbol of the client, which the next acknowledgement is for.
    last: Symbol,
    /// Counts acknowledgements on the signal that they acknowledged, and on the other one.
    comparisons: [u8; 2],
    /// Whether the other signal has been tried.
    has_switched: bool,
    /// Whether the first symbol is acknowledged with SIGUSR2, because SIGUSR1 does not admit the client.
    admits_with_usr2: bool,
}

impl AckChoice {
    /// Returns a choice that tries `symbol` first.
    pub const fn new(symbol: Symbol, handled: HandledSignals) -> Self {
        Self {
            handled,
            acknowledged: None,
            symbol,
            policy: None,
            last: Symbol::Usr1,
            comparisons: [0; 2],
            has_switched: false,
            admits_with_usr2: false,
        }
    }

    /// Returns a choice for a program whose processes are acknowledged in this way.
    pub const fn with_policy(policy: Option<AckPolicy>, handled: HandledSignals) -> Self {
        let symbol = match policy {
            Some(AckPolicy::Usr2From(0) | AckPolicy::Usr2First) => Symbol::Usr2,
            _ => Symbol::Usr1,
        };
        Self {
            policy,
            admits_with_usr2: matches!(symbol, Symbol::Usr2),
            ..Self::new(symbol, handled)
        }
    }

    /// Forgets everything but the signals to acknowledge with.
    pub const fn reset(&mut self) {
        *self = Self {
            policy: self.policy,
            ..Self::new(self.symbol, self.handled)
        };
    }

    /// Returns the signals that the client handled at its last acknowledgement, or handles now if it was not acknowledged.
    pub const fn awaited(&self) -> HandledSignals {
        match self.acknowledged {
            Some((_, handled)) => handled,
            None => self.handled,
        }
    }

    /// Chooses SIGUSR2 for a client that asks with it to be admitted, and was told to ask again by SIGUSR1.
    pub const fn admit_with_usr2(&mut self) {
        *self = Self::with_policy(Some(AckPolicy::Usr2From(0)), self.handled);
    }

    /// Returns whether earlier processes of the program were not acknowledged in the ordinary way.
    pub const fn has_policy(&self) -> bool {
        self.policy.is_some()
    }

    /// Takes the symbol that is acknowledged next.
    pub const fn handle_symbol(&mut self, symbol: Symbol) {
        self.last = symbol;
    }

    /// Counts an acknowledgement with [`symbol`](Self::symbol).
    pub fn note_ack(&mut self) {
        self.acknowledged = Some((self.symbol(), self.handled));
        let count = &mut self.comparisons[usize::from(self.symbol() != self.last)];
        *count = count.saturating_add(1);
        // A client that handles the other signal later, for the end of its text, goes on by this one.
        if !self.handled.both() {
            self.symbol = self.symbol();
        }
        match self.policy {
            _ if self.has_switched => {}
            Some(AckPolicy::Usr2From(_)) => self.symbol = Symbol::Usr2,
            Some(AckPolicy::Usr2First) => self.symbol = Symbol::Usr1,
            Some(AckPolicy::Compared(_)) | None => {}
        }
    }

    /// Chooses the other signal from now on; `is_first` says that the client did not go on after its first symbol.
    pub const fn switch(&mut self, is_first: bool) {
        self.symbol = self.symbol().other();
        self.has_switched = true;
        self.admits_with_usr2 = is_first && matches!(self.symbol, Symbol::Usr2);
    }

    /// Returns whether SIGUSR2 and not SIGUSR1 acknowledges the first symbol of the client.
    pub const fn admits_with_usr2(&self) -> bool {
        self.admits_with_usr2
    }

    /// Returns whether the other signal is a choice that has not been tried.
    pub const fn may_switch(&self) -> bool {
        self.handled.both() && !self.has_switched
    }

    /// Returns the signal to acknowledge with.
    pub const fn symbol(&self) -> Symbol {
        match self.handled.only() {
            Some(symbol) => symbol,
            None => match self.compared() {
                Some(signal) => signal.acknowledging(self.last),
                None => self.symbol,
            },
        }
    }

    /// Returns the signal of the acknowledgements as a dialect has it.
    pub const fn ack_signal(&self) -> AckSignal {
        let symbol = match self.acknowledged {
            Some((symbol, _)) if !self.has_switched => symbol,
            _ => self.symbol(),
        };
        match (self.compared(), symbol) {
            (Some(signal), _) => signal,
            (None, Symbol::Usr2) if self.awaited().any() => AckSignal::Usr2,
            _ => AckSignal::Usr1,
        }
    }

    /// Returns how the acknowledgements of a client that compares them follow from its symbols.
    const fn compared(&self) -> Option<AckSignal> {
        match self.policy {
            Some(AckPolicy::Compared(signal)) if self.may_switch() => Some(signal),
            _ => None,
        }
    }

    /// Returns how to acknowledge the next process of the program, if this one has ended after `count` acknowledgements of bits.
    /// The first acknowledgement may answer a handshake. A client that compares ends on the first that is no echo, or on the first
    /// that is one.
    pub fn policy_after(&self, count: u8) -> Option<AckPolicy> {
        let is_mismatch = self.symbol() != self.last;
        let is_first = self.comparisons[usize::from(is_mismatch)] == 1;
        let (signal, least) = match is_mismatch {
            true => (AckSignal::Echo, 2),
            false => (AckSignal::Inverse, 3),
        };
        let may_compare = is_first && count.saturating_add(u8::from(self.has_policy())) >= least;
        let may_admit = matches!(
            self.policy,
            Some(AckPolicy::Usr2From(0) | AckPolicy::Compared(_))
        );
        match count {
            _ if !self.may_switch() => None,
            _ if may_compare => Some(AckPolicy::Compared(signal)),
            // It went on after a first SIGUSR2, and ended on a later one.
            2.. if self.symbol() == Symbol::Usr2 && may_admit => Some(AckPolicy::Usr2First),
            1 | 2 => Some(AckPolicy::Usr2From(count - 1)),
            _ => None,
        }
    }

    /// Returns how to acknowledge the next process of the program, if this one has not waited any longer after its first
    /// acknowledgement, which has another meaning to it.
    pub fn policy_after_flood(&self) -> Option<AckPolicy> {
        let is_second = self.policy == Some(AckPolicy::Usr2From(0));
        let policy = AckPolicy::Usr2From(u8::from(is_second));
        self.may_switch().then_some(policy)
    }
}
