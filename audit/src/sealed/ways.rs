//! The ways through a function along which addresses of data are followed.

use std::collections::{HashMap, VecDeque};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::follow::{Search, is_outside, makes_frame_pointer};
use super::held::State;
use crate::image::{Image, Slot};
use crate::state::ARGUMENTS;

/// Returns the targets of the jump by a table at the end of these instructions, as compilers write it. A comparison bounds the
/// index, a branch leaves if the index is above the bound, and the address of the table is loaded.
fn targets(image: &Image, code: &[Instruction]) -> Option<Vec<u64>> {
    const NEAR: usize = 12;
    const ENTRY: u64 = 4;
    let near = &code[code.len().saturating_sub(NEAR)..];
    let leaves = near.iter().rposition(|i| {
        i.flow_control() != FlowControl::Next && i.ip() != near[near.len() - 1].ip()
    })?;
    let bound = near[..leaves].last()?;
    let is_bound = near[leaves].condition_code() == iced_x86::ConditionCode::a
        && bound.mnemonic() == Mnemonic::Cmp;
    let most = bound.try_immediate(1).ok().filter(|_| is_bound)?;
    let loads = |i: &&Instruction| i.mnemonic() == Mnemonic::Lea && i.is_ip_rel_memory_operand();
    let table = near.iter().rev().find(loads)?.ip_rel_memory_address();
    let entry = |n: u64| {
        let at = table.checked_add(n.checked_mul(ENTRY)?)?;
        let offset = image.number(at, 4).filter(|_| !image.is_writable(at))? as u32;
        Some(table.wrapping_add_signed(offset.cast_signed().into()))
    };
    (most < 4096).then(|| (0..=most).map(entry).collect())?
}

impl Search<'_> {
    /// Follows the addresses of data through the instructions of one function.
    pub fn function(&mut self, code: &[Instruction]) {
        let takes = |i: &Instruction| i.mnemonic() == Mnemonic::Lea && i.is_ip_rel_memory_operand();
        self.is_handler = self.handlers.contains(&code[0].ip());
        self.has_frame_pointer = code.iter().any(makes_frame_pointer);
        self.for_jumps = code
            .windows(2)
            .filter(|two| {
                let is_jump = |i: &Instruction| {
                    i.flow_control() == FlowControl::IndirectBranch
                        && i.op0_kind() == OpKind::Register
                        && i.op0_register() == two[0].op0_register()
                };
                two[0].mnemonic() == Mnemonic::Add
                    && two[0].op0_kind() == OpKind::Register
                    && is_jump(&two[1])
            })
            .map(|two| two[0].ip())
            .collect();
        self.for_clones = code
            .windows(6)
            .filter(|all| {
                let slot = self.image.slots.get(&all[2].ip_rel_memory_address());
                all[2].is_ip_rel_memory_operand()
                    && matches!(slot, Some(Slot::Extern(name)) if name.name.starts_with("_ITM_"))
            })
            .flat_map(|all| [all[0].ip(), all[5].ip()])
            .collect();
        if !code.iter().any(takes) {
            let nothing = State::default();
            for i in code {
                self.stores(i, &nothing);
            }
            return;
        }
        let places: HashMap<u64, usize> =
            code.iter().enumerate().map(|(n, i)| (i.ip(), n)).collect();
        let mut known: Vec<Option<State>> = vec![None; code.len()];
        let entry = State {
            rsp: Some(0),
            ..State::default()
        };
        known[0] = Some(entry);
        let mut todo = VecDeque::from([0]);
        // The joined state of all instructions, for code that control reaches in an unseen way.
        let mut everywhere: Option<State> = None;
        let mut is_lost = false;
        loop {
            while let Some(n) = todo.pop_front() {
                if self.writers.anywhere {
                    return;
                }
                let i = &code[n];
                let mut state = known[n].clone().unwrap_or_default();
                if let Some(all) = &everywhere {
                    state.join(all);
                }
                let after = self.step(i, state);
                let mut next = Vec::new();
                match i.flow_control() {
                    FlowControl::UnconditionalBranch => next.push(i.near_branch_target()),
                    FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend => {
                        next.extend([i.near_branch_target(), i.next_ip()]);
                    }
                    FlowControl::IndirectBranch if self.for_clones.contains(&i.ip()) => {}
                    FlowControl::IndirectBranch
                        if let Some(all) = targets(self.image, &code[..=n])
                            .filter(|all| all.iter().all(|to| places.contains_key(to))) =>
                    {
                        next.extend(all);
                    }
                    FlowControl::IndirectBranch => {
                        for register in ARGUMENTS {
                            self.hands(after.registers[register]);
                        }
                        is_lost = true;
                    }
                    FlowControl::Return => {}
                    _ => next.push(i.next_ip()),
                }
                for to in next {
                    match places.get(&to) {
                        Some(&to) => {
                            let is_new = match &mut known[to] {
                                Some(state) => state.join(&after),
                                none => {
                                    *none = Some(after.clone());
                                    true
                                }
                            };
                            if is_new && !todo.contains(&to) {
                                todo.push_back(to);
                            }
                        }
                        // The jump leads into another function, which may be a part of this function that lies elsewhere.
                        None if i.flow_control() != FlowControl::Next && after.holds_any() => {
                            for register in ARGUMENTS {
                                self.hands(after.registers[register]);
                            }
                            let is_kept = (0..16).any(|n| {
                                crate::summary::is_preserved(n) && after.registers[n].is_some()
                            });
                            let is_outside = is_outside(self.image, i);
                            let is_whole =
                                self.image.functions.contains_key(&to) && after.rsp == Some(0);
                            self.writers.anywhere |= !is_outside && (is_kept || !is_whole);
                        }
                        // Control behind the end of the function is not followed. Behind a final call, no control goes on.
                        None if i.flow_control() == FlowControl::Next => {
                            self.writers.anywhere |= after.holds_any();
                        }
                        None => {}
                    }
                }
            }
            let join_all = |all: &mut State, is_one: &dyn Fn(&Instruction) -> bool| {
                let mut is_changed = false;
                for (state, i) in known.iter().zip(code) {
                    if let Some(state) = state.as_ref().filter(|_| is_one(i)) {
                        is_changed |= all.join(state);
                    }
                }
                is_changed
            };
            if is_lost {
                let mut all = everywhere.clone().unwrap_or_default();
                let is_changed = join_all(&mut all, &|_| true);
                let is_first = everywhere.is_none();
                everywhere = Some(all);
                if is_first || is_changed {
                    for (n, state) in known.iter_mut().enumerate() {
                        state.get_or_insert_default();
                        todo.push_back(n);
                    }
                    continue;
                }
            }
            // Code without a seen way to it, except padding, is another function, or handles an exception that a call throws.
            let is_padding =
                |i: &Instruction| matches!(i.mnemonic(), Mnemonic::Nop | Mnemonic::Int3);
            let mut missed = known
                .iter()
                .zip(code)
                .map(|(state, i)| state.is_none() && !is_padding(i));
            let Some(missed) = missed.position(|is_missed| is_missed) else {
                return;
            };
            let mut all = State::default();
            join_all(&mut all, &|i| {
                matches!(
                    i.flow_control(),
                    FlowControl::Call | FlowControl::IndirectCall
                )
            });
            known[missed] = Some(all);
            todo.push_back(missed);
        }
    }
}
