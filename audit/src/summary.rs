//! What a function does to its caller.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::frame::Frame;
use crate::state::{Errno, State, Stored};
use crate::value::{Base, Value};

/// The number of the register rdx.
pub const RDX: usize = 2;

/// Says what a function does to its caller.
#[derive(Clone, Debug)]
pub struct Summary {
    pub returns: bool,
    pub errno: Errno,
    pub value: Value,
    /// What it leaves in rdx: the second half of a pair that it returns.
    pub second: Value,
    /// What it may write above its own frame, as seen from its return address.
    pub clobbers: Option<(i64, i64)>,
    /// What each of its stores at an index may write there.
    pub spread: Vec<(i64, i64)>,
    /// What it is known to have stored there.
    pub stored: BTreeMap<i64, (u8, Value)>,
    /// The lowest place of the stack that it uses.
    pub lowest: i64,
    /// The registers that its caller finds as it left them.
    pub keeps: [bool; 16],
    /// A register that it is to keep, and in which it leaves something of its own.
    pub lost: Option<&'static str>,
    /// What it stores to data of files.
    pub stores: Rc<Vec<Stored>>,
    /// Whether it leaves a raised signal that ends the process.
    pub is_ending: bool,
    /// The function whose result it gives, if it only asks one, as a wrapper of a system call does.
    pub result: Option<String>,
}

impl Summary {
    /// Returns what a function does that was walked, which was called with this `errno` and these registers.
    pub fn of(frame: &Frame, errno: Errno, entered: &[Value; 16]) -> Self {
        match &frame.exits {
            None => Summary {
                returns: false,
                errno,
                lowest: frame.lowest,
                ..unknown_call()
            },
            Some(exit) => Summary {
                returns: true,
                errno: exit.errno,
                value: exit.registers[0].clone(),
                second: exit.registers[RDX].clone(),
                clobbers: frame.clobbers,
                spread: Vec::new(),
                stored: exit
                    .slots
                    .iter()
                    .filter(|(at, _)| **at >= 8)
                    .map(|(a, v)| (*a, v.clone()))
                    .collect(),
                lowest: frame.lowest,
                keeps: std::array::from_fn(|n| {
                    let exit = &exit.registers[n];
                    *exit == Value::at(Base::Kept(n as u8), 0)
                        || exit.exact().is_some() && *exit == entered[n]
                        // That a store may have reached what it saves is an open question already.
                        || frame.may_be_overrun() && is_preserved(n)
                }),
                lost: lost(exit),
                stores: exit.stores.clone(),
                is_ending: exit.is_ending,
                result: None,
            },
        }
    }
}

/// Returns whether the calling convention has a function keep the register of that number.
pub const fn is_preserved(register: usize) -> bool {
    matches!(register, 3..=5 | 12..=15)
}

/// Returns the effects of a call of which nothing is known.
pub fn unknown_call() -> Summary {
    Summary {
        returns: true,
        errno: Errno::Changed,
        value: Value::UNKNOWN,
        second: Value::UNKNOWN,
        clobbers: None,
        spread: Vec::new(),
        stored: BTreeMap::new(),
        lowest: 0,
        keeps: std::array::from_fn(is_preserved),
        lost: None,
        stores: Rc::default(),
        is_ending: false,
        result: None,
    }
}

/// Returns a register that the convention keeps, and that is known to hold another value than at the start.
fn lost(exit: &State) -> Option<&'static str> {
    [
        (3, "rbx"),
        (5, "rbp"),
        (12, "r12"),
        (13, "r13"),
        (14, "r14"),
        (15, "r15"),
    ]
    .into_iter()
    .find(|(n, _)| {
        let value = &exit.registers[*n];
        !matches!(value.base, Base::Unknown | Base::Kept(_)) && value.is_bounded()
    })
    .map(|(_, name)| name)
}
