//! The condition under which an instruction of a function is reached, in words.

use std::collections::VecDeque;

use iced_x86::{
    ConditionCode, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

use crate::explore::{Explorer, Node};
use crate::hash::{Map, Set};
use crate::image::Image;
use crate::state::ARGUMENTS;

/// Returns the last condition on the way to the instruction at `at` that names an argument or data of the file.
pub fn of(explorer: &Explorer, node: &Node, at: u64) -> Option<String> {
    let mut before: Map<u64, Vec<u64>> = Map::default();
    for (from, all) in &node.edges {
        for to in all {
            before.entry(*to).or_default().push(*from);
        }
    }
    let mut leads: Set<u64> = Set::default();
    leads.insert(at);
    let mut order = Vec::new();
    let mut todo = VecDeque::from([at]);
    while let Some(to) = todo.pop_front() {
        for &from in before.get(&to).into_iter().flatten() {
            if leads.insert(from) {
                order.push(from);
                todo.push_back(from);
            }
        }
    }
    let way = BranchWay {
        explorer,
        node,
        before,
    };
    order.into_iter().find_map(|branch| {
        let next = node.edges.get(&branch)?;
        let taken: Vec<u64> = next
            .iter()
            .copied()
            .filter(|to| leads.contains(to))
            .collect();
        match taken[..] {
            [to] if next.len() == 2 => way.describe(branch, to),
            _ => None,
        }
    })
}

struct BranchWay<'a> {
    explorer: &'a Explorer<'a>,
    node: &'a Node,
    before: Map<u64, Vec<u64>>,
}

impl BranchWay<'_> {
    fn code(&self, at: u64) -> Option<Instruction> {
        self.explorer.instruction_at(self.node.image, at)
    }

    /// Returns the instructions before `at`, as long as each has only one predecessor.
    fn back(&self, at: u64) -> impl Iterator<Item = Instruction> {
        const MOST: usize = 40;
        let mut at = at;
        std::iter::from_fn(move || {
            let [before] = self.before.get(&at)?[..] else {
                return None;
            };
            at = before;
            self.code(before)
        })
        .take(MOST)
    }

    fn describe(&self, branch: u64, to: u64) -> Option<String> {
        let i = self.code(branch)?;
        if i.flow_control() != FlowControl::ConditionalBranch {
            return None;
        }
        let condition = if to == i.near_branch_target() {
            i.condition_code()
        } else {
            crate::comparison::opposite(i.condition_code())
        };
        let setter = self.back(branch).find(|i| i.rflags_modified() != 0)?;
        let is_same = setter.op0_kind() == OpKind::Register
            && setter.op1_kind() == OpKind::Register
            && setter.op0_register() == setter.op1_register();
        let with = match setter.mnemonic() {
            Mnemonic::Cmp => setter.try_immediate(1).ok()?.cast_signed(),
            Mnemonic::Test if is_same => 0,
            _ => return None,
        };
        let what = self.what(&setter)?;
        use ConditionCode as C;
        let how = match condition {
            C::e => "is",
            C::ne => "is not",
            C::b | C::l => "is below",
            C::ae | C::ge => "is at least",
            C::be | C::le => "is at most",
            C::a | C::g => "is above",
            C::s if with == 0 => "is below",
            C::ns if with == 0 => "is at least",
            _ => return None,
        };
        Some(format!("{what} {how} {with}"))
    }

    /// Returns a name of the value that an instruction compares.
    fn what(&self, setter: &Instruction) -> Option<String> {
        let image = self.explorer.files.image(self.node.image);
        if setter.op0_kind() == OpKind::Memory {
            return match word_of(&image, setter) {
                Some(word) => Some(image.place(word)),
                None => self.spilled(setter),
            };
        }
        let register = setter.op0_register().full_register();
        let mut factory = InstructionInfoFactory::new();
        let mut first = setter.ip();
        for i in self.back(setter.ip()) {
            first = i.ip();
            let writes = factory.info(&i).used_registers().iter().any(|used| {
                used.register().full_register() == register
                    && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
            });
            let is_load = matches!(
                i.mnemonic(),
                Mnemonic::Mov | Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd
            ) && i.op1_kind() == OpKind::Memory;
            if writes && is_load {
                return match word_of(&image, &i) {
                    Some(word) => Some(image.place(word)),
                    None => self.spilled(&i),
                };
            }
            let calls = matches!(
                i.flow_control(),
                FlowControl::Call | FlowControl::IndirectCall
            );
            if writes || calls {
                return None;
            }
        }
        (first == self.node.start)
            .then(|| self.argument(register))
            .flatten()
    }

    /// Returns the name of an argument that the function keeps in its frame, as compilers do without optimization.
    fn spilled(&self, load: &Instruction) -> Option<String> {
        if load.memory_index() != Register::None || load.memory_base() != Register::RBP {
            return None;
        }
        let mut stores = self.node.edges.keys().filter_map(|at| {
            let i = self.code(*at)?;
            let is_same = i.op0_kind() == OpKind::Memory
                && i.memory_base() == Register::RBP
                && i.memory_displacement64() == load.memory_displacement64();
            (is_same && !matches!(i.mnemonic(), Mnemonic::Cmp | Mnemonic::Test)).then_some(i)
        });
        let (Some(store), None) = (stores.next(), stores.next()) else {
            return None;
        };
        const NEAR: u64 = 64;
        let is_first = store.ip() - self.node.start.min(store.ip()) < NEAR;
        (is_first && store.mnemonic() == Mnemonic::Mov && store.op1_kind() == OpKind::Register)
            .then(|| self.argument(store.op1_register().full_register()))
            .flatten()
    }

    fn argument(&self, register: Register) -> Option<String> {
        let number = ARGUMENTS.iter().position(|n| *n == register.number())?;
        let image = self.explorer.files.image(self.node.image);
        let name = image.name(self.node.start);
        Some(format!("argument {} of {name}", number + 1))
    }
}

/// Returns the word of the file that an instruction names by its address, if the program can change it.
fn word_of(image: &Image, i: &Instruction) -> Option<u64> {
    let is_plain = i.memory_base() == Register::None && i.memory_index() == Register::None;
    let word = if i.is_ip_rel_memory_operand() {
        i.ip_rel_memory_address()
    } else if image.is_fixed && is_plain {
        i.memory_displacement64()
    } else {
        return None;
    };
    image.is_writable(word).then_some(word)
}
