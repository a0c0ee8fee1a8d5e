//! Summarises the effects of a function on its caller.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::frame::Frame;
use crate::state::{Errno, State, Stored};
use crate::value::{Base, Value};

/// The number of the register rdx.
pub const RDX: usize = 2;

/// Holds the effects of a function on its caller.
#[derive(Clone, Debug)]
pub struct Summary {
    pub returns: bool,
    pub errno: Errno,
    pub value: Value,
    /// The value that the function leaves in rdx: the second half of a returned pair.
    pub second: Value,
    /// The range above its own frame that the function may write, relative to the place of its return address.
    pub clobbers: Option<(i64, i64)>,
    /// The ranges above its own frame that the function's stores at an index may write, one for each store.
    pub spread: Vec<(i64, i64)>,
    /// The words above its own frame that the function is known to have stored.
    pub stored: BTreeMap<i64, (u8, Value)>,
    /// The lowest place of the stack that the function uses.
    pub lowest: i64,
    /// The registers that are unchanged for the caller after the call.
    pub keeps: [bool; 16],
    /// A register that the function must preserve, but in which it leaves a value of its own.
    pub lost: Option<&'static str>,
    /// The function's stores to data of files.
    pub stores: Rc<Vec<Stored>>,
    /// Whether the function leaves a raised signal that ends the process.
    pub is_ending: bool,
    /// The function whose result this function returns, if it only calls that function, as a wrapper of a system call does.
    pub result: Option<String>,
}

impl Summary {
    /// Returns the effects of a walked function that was called with this `errno` and these registers.
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
                        // A store that may have reached the saved registers is reported as an open question already.
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

/// Returns whether the calling convention requires a function to preserve the register of that number.
pub const fn is_preserved(register: usize) -> bool {
    matches!(register, 3..=5 | 12..=15)
}

/// Returns the effects of a call to an unknown function.
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

/// Returns a register that the convention preserves, but that is known to hold another value than at the start.
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
