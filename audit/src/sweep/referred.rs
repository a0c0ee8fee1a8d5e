//! The addresses that functions return: an object of the file, their argument, or a part of these.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Mnemonic, Register};

use super::known::Known;
use super::parameter;
use super::registers::SCRATCH;
use crate::hash::Map;
use crate::image::Image;
use crate::state::ARGUMENTS;

/// Is an address that a function returns, if it is known. The number of the memory behind an argument stands for the argument.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Reference {
    address: Option<u64>,
    /// The address to which an offset or an index may have been added.
    within: Option<u64>,
}

impl Reference {
    pub const fn new(address: Option<u64>) -> Self {
        Self {
            address,
            within: address,
        }
    }

    /// Returns the address that a call returns to a function with these contents of the argument registers.
    pub fn seen_by(self, known: &Known) -> Self {
        let of = |place: Option<u64>, all: &dyn Fn(usize) -> Option<u64>| {
            let place = place?;
            match parameter::parts(place) {
                Some((n, offset)) => Some(all(ARGUMENTS[n])?.wrapping_add(offset)),
                None => Some(place),
            }
        };
        Self {
            address: of(self.address, &|register| known.passes(register)),
            within: of(self.within, &|register| known.within[register]),
        }
    }

    /// Notes that the register holds the address.
    pub fn goes_to(self, register: Register, known: &mut Known) {
        if let Some(address) = self.address {
            known.names(register, address);
        } else if self.within.is_some() {
            known.forget(register.number());
            known.within[register.number()] = self.within;
        }
    }
}

/// Holds the addresses that functions return, by the function.
#[derive(Default)]
pub struct References(Map<u64, Reference>);

impl References {
    /// Returns the address that the function returns; `depth` is the number of calls that lead to it.
    pub fn of(&mut self, image: &Image, function: u64, depth: usize) -> Reference {
        const DEEPEST: usize = 4;
        if let Some(known) = self.0.get(&function) {
            return *known;
        }
        if depth > DEEPEST {
            return Reference::default();
        }
        let found = self.find(image, function, depth).unwrap_or_default();
        self.0.insert(function, found);
        found
    }

    fn find(&mut self, image: &Image, function: u64, depth: usize) -> Option<Reference> {
        const LONGEST: u64 = 256;
        let (start, end) = image.function_at(function)?;
        if start != function || end - start > LONGEST {
            return None;
        }
        let mut known = Known::at_entry(start);
        for (n, register) in ARGUMENTS.into_iter().enumerate() {
            known.lea[register] = parameter::word(n, 0);
            known.within[register] = known.lea[register];
        }
        let mut found = None;
        let bytes = image.bytes(start).get(..(end - start) as usize)?;
        for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
            let target = i.near_branch_target();
            let is_outside = !(start..end).contains(&target);
            match i.flow_control() {
                FlowControl::Next => {
                    let constant = i.try_immediate(1).ok().filter(|_| image.is_fixed);
                    let address = match i.mnemonic() {
                        Mnemonic::Lea if i.is_ip_rel_memory_operand() => {
                            Some(i.ip_rel_memory_address())
                        }
                        Mnemonic::Mov if i.op0_register().is_gpr() => constant,
                        _ => None,
                    };
                    match address.filter(|address| image.is_writable(*address)) {
                        Some(address) => known.names(i.op0_register(), address),
                        None => known.moves(&i, None),
                    }
                }
                FlowControl::Call | FlowControl::IndirectCall => {
                    let is_known = i.flow_control() == FlowControl::Call;
                    let own = is_known.then(|| self.of(image, target, depth + 1).seen_by(&known));
                    for scratch in SCRATCH {
                        known.forget(scratch);
                    }
                    own.unwrap_or_default().goes_to(Register::RAX, &mut known);
                }
                FlowControl::ConditionalBranch => {}
                FlowControl::UnconditionalBranch if !is_outside => {}
                FlowControl::Return | FlowControl::UnconditionalBranch => {
                    let result = Register::RAX.number();
                    let own = match is_outside && i.flow_control() != FlowControl::Return {
                        true => self.of(image, target, depth + 1).seen_by(&known),
                        false => Reference {
                            address: known.lea[result],
                            within: known.within[result],
                        },
                    };
                    if *found.get_or_insert(own) != own {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        found
    }
}
