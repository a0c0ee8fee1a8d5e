//! Decides for loops that try again whether a round makes the same attempt as the round before.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::graph::Graph;
use crate::hash::{Map, Set};
use crate::line::{Variable, is_call, whole};

impl Graph<'_> {
    /// Returns whether each round loads the word of a compare-and-swap again, and expects the loaded value. Such a swap fails only
    /// if another swap has succeeded meanwhile. A path on which the word holds another value is judged by itself.
    pub fn expects_what_it_loads(&self, swap: u64) -> bool {
        let i = &self.code[&swap];
        let is_fixed = [i.memory_base(), i.memory_index()].iter().all(|r| {
            matches!(*r, Register::None | Register::RIP)
                || self
                    .changes(Variable::Register(r.full_register()))
                    .is_empty()
        });
        let is_changed = self.instructions().any(|(at, other)| {
            is_call(other) && self.frame.called.get(&at).copied().unwrap_or(true)
                || other.op0_kind() == OpKind::Memory
                    && is_same_memory(other, i)
                    && !crate::waits::is_swap(other)
                    && !matches!(other.mnemonic(), Mnemonic::Cmp | Mnemonic::Test)
        });
        if !is_fixed || is_changed {
            return false;
        }
        let Some(made) = self.cause(swap, Variable::Register(Register::RAX)) else {
            return false;
        };
        let is_load = |at: u64| {
            let load = &self.code[&at];
            load.mnemonic() == Mnemonic::Mov
                && load.op1_kind() == OpKind::Memory
                && is_same_memory(load, i)
        };
        if is_load(made) {
            return self.passes(swap, &[made]);
        }
        is_zero(&self.code[&made])
            && self.instructions().any(|(branch, _)| {
                let Some((load, to)) = self.zero_way(branch) else {
                    return false;
                };
                is_load(load) && self.passes(branch, &[load]) && self.passes_edge(swap, branch, to)
            })
    }

    /// Returns the instruction that computed the value that a branch compares with zero, and the address where zero leads.
    fn zero_way(&self, branch: u64) -> Option<(u64, u64)> {
        use iced_x86::ConditionCode as C;
        let i = self.code.get(&branch)?;
        let is_equal = match (i.flow_control(), i.condition_code()) {
            (FlowControl::ConditionalBranch, C::e) => true,
            (FlowControl::ConditionalBranch, C::ne) => false,
            _ => return None,
        };
        let setter = self.flags(branch)?;
        let test = &self.code[&setter];
        let is_own = test.mnemonic() == Mnemonic::Test
            && test.op1_kind() == OpKind::Register
            && test.op0_register() == test.op1_register();
        let made = self.cause(setter, whole(test, 0).filter(|_| is_own)?)?;
        let to = if is_equal {
            i.near_branch_target()
        } else {
            i.next_ip()
        };
        Some((made, to))
    }

    /// Returns whether each path from `at` back to `at` takes the edge from `from` to `to`.
    fn passes_edge(&self, at: u64, from: u64, to: u64) -> bool {
        let (mut seen, mut todo) = (Set::default(), vec![at]);
        while let Some(node) = todo.pop() {
            for before in self.before.get(&node).into_iter().flatten().copied() {
                if (before, node) == (from, to) || !seen.insert(before) {
                    continue;
                }
                if before == at {
                    return false;
                }
                todo.push(before);
            }
        }
        true
    }

    /// Returns whether the arguments of the call come from a value that each round by the branch advances, as along a list.
    pub fn asks_for_another(&self, branch: u64, call: u64) -> bool {
        const ARGUMENTS: [Register; 3] = [Register::RDI, Register::RSI, Register::RDX];
        let mut from: Map<u64, Vec<u64>> = Map::default();
        let mut todo: Vec<u64> = ARGUMENTS
            .iter()
            .flat_map(|r| self.reaching(call, Variable::Register(*r)).0)
            .collect();
        while let Some(at) = todo.pop() {
            if from.contains_key(&at) {
                continue;
            }
            let made: Vec<u64> = self
                .sources(at)
                .into_iter()
                .flat_map(|place| self.reaching(at, place).0)
                .collect();
            todo.extend(&made);
            from.insert(at, made);
        }
        let moves = |at: &u64| {
            let i = &self.code[at];
            is_call(i) || i.mnemonic() != Mnemonic::Mov || whole(i, 1).is_none()
        };
        crate::rings::rings(&from).iter().any(|ring| {
            let moving: Vec<u64> = ring.iter().copied().filter(moves).collect();
            self.passes(branch, &moving)
        })
    }

    /// Returns the variables from which an instruction computes its result.
    fn sources(&self, at: u64) -> Vec<Variable> {
        let Some(i) = self.code.get(&at) else {
            return Vec::new();
        };
        if is_call(i) {
            return vec![Variable::Register(Register::RDI)];
        }
        let named = [i.memory_base(), i.memory_index()];
        let by_address = named.into_iter().filter(|r| {
            r.is_gpr() && !(i.slot.is_some() && matches!(r, Register::RBP | Register::RSP))
        });
        let is_made_anew = matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Lea);
        (u32::from(is_made_anew)..2)
            .filter_map(|n| whole(i, n))
            .chain(by_address.map(|r| Variable::Register(r.full_register())))
            .collect()
    }
}

fn is_zero(i: &Instruction) -> bool {
    match i.mnemonic() {
        Mnemonic::Xor => i.op1_kind() == OpKind::Register && i.op0_register() == i.op1_register(),
        Mnemonic::Mov => i.try_immediate(1).is_ok_and(|n| n == 0),
        _ => false,
    }
}

fn is_same_memory(a: &Instruction, b: &Instruction) -> bool {
    a.memory_base() == b.memory_base()
        && a.memory_index() == b.memory_index()
        && a.memory_index_scale() == b.memory_index_scale()
        && a.memory_displacement64() == b.memory_displacement64()
        && a.memory_size().size() == b.memory_size().size()
}
