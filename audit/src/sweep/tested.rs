//! The branches that test the value of a word of the file.

use iced_x86::{ConditionCode, FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::known::{Local, is_frame};
use super::parameter::is_word;
use super::{Tables, Touched};
use crate::hash::Map;
use crate::state::is_high;

/// Is a branch that compares a word, unchanged since its load, with a constant. Without a condition code, the branch tests the
/// word in another way.
#[derive(Clone, Copy)]
pub struct Test {
    pub at: u64,
    pub taken: u64,
    pub next: u64,
    pub condition: ConditionCode,
    pub with: i64,
}

/// Holds the loaded words in registers and the frame at an instruction, without regard to branches.
#[derive(Default)]
pub struct Tested {
    /// The words that the registers hold unchanged since their load, and the number of bytes that were loaded.
    plain: [Option<(u64, usize)>; 16],
    /// The words that places of the frame hold unchanged since their load, and the number of bytes that were loaded.
    frame: Map<Local, (u64, usize)>,
    /// The word that was compared last, and the constant.
    question: Option<(u64, i64)>,
}

impl Tested {
    /// Returns the word that a register holds; `None` if `register` is only a part of the loaded bytes.
    fn of(&self, register: Register) -> Option<(u64, usize)> {
        let is_known = register.is_gpr() && !is_high(register);
        let held = is_known.then(|| self.plain[register.full_register().number()])?;
        held.filter(|(_, size)| register.size() >= *size)
    }

    /// Notes the words that a branch tests; `words`: the words from which the condition was computed.
    pub fn asks(&self, i: &Instruction, words: impl Iterator<Item = u64>, tables: &mut Tables) {
        // In a long function, values of many words seem to reach a branch, since its paths are not told apart.
        const MANY: usize = 16;
        let mut words: Vec<u64> = words.take(MANY + 1).collect();
        if words.len() > MANY {
            words.clear();
        }
        let known = self.question;
        let others = words
            .into_iter()
            .filter(|word| known.is_none_or(|(own, _)| own != *word));
        let others = others.map(|word| (word, ConditionCode::None, 0));
        let known = known.map(|(word, with)| (word, i.condition_code(), with));
        // Memory behind an argument has no word of its own: its stores are known by the words of the callers.
        let all = known.into_iter().chain(others);
        for (word, condition, with) in all.filter(|(word, ..)| !is_word(*word)) {
            tables.tests.entry(word).or_default().push(Test {
                at: i.ip(),
                taken: i.near_branch_target(),
                next: i.next_ip(),
                condition,
                with,
            });
        }
    }

    /// Follows an instruction; `word`: the word of the file that it touches, `local`: the place of the frame that it touches.
    pub fn follows(&mut self, i: &Instruction, (word, local): Touched) {
        use Mnemonic as M;
        match i.flow_control() {
            FlowControl::Next => {}
            FlowControl::ConditionalBranch => return,
            _ => {
                *self = Self::default();
                return;
            }
        }
        let held = |n: u32| match i.op_kind(n) {
            OpKind::Register => self.of(i.op_register(n)),
            OpKind::Memory => {
                let size = i.memory_size().size();
                let kept = || self.frame.get(&local?).copied();
                let loaded = word.map(|word| (word, size)).or_else(kept);
                loaded.filter(|(_, whole)| size >= *whole)
            }
            _ => None,
        };
        match i.mnemonic() {
            M::Cmp => {
                let with = i.try_immediate(1).ok();
                let with = with.map(|with| signed(with, crate::operand::size_of(i, 0)));
                self.question = held(0).map(|(word, _)| word).zip(with);
            }
            M::Test => {
                let is_same =
                    i.op1_kind() == OpKind::Register && i.op0_register() == i.op1_register();
                let held = held(0).filter(|_| is_same);
                self.question = held.map(|(word, _)| (word, 0));
            }
            M::Mov | M::Movzx | M::Movsx | M::Movsxd if i.op0_kind() == OpKind::Register => {
                let value = held(1);
                self.sets(i.op0_register(), value);
            }
            M::Mov if local.is_some() && i.op1_kind() == OpKind::Register => {
                let value = held(1);
                self.keeps(local, value);
            }
            _ => {
                if i.rflags_modified() != 0 {
                    self.question = None;
                }
                let is_exchange = matches!(i.mnemonic(), M::Xchg | M::Xadd);
                if i.op_count() > 0 && i.op0_kind() == OpKind::Memory {
                    self.keeps(local, None);
                }
                for n in 0..if is_exchange { 2 } else { 1.min(i.op_count()) } {
                    if i.op_kind(n) == OpKind::Register {
                        self.sets(i.op_register(n), None);
                    }
                }
                let is_wide = matches!(
                    i.mnemonic(),
                    M::Mul | M::Div | M::Imul | M::Idiv | M::Cdq | M::Cqo
                );
                if is_wide && i.op_count() < 2 {
                    self.sets(Register::RAX, None);
                    self.sets(Register::RDX, None);
                }
            }
        }
    }

    fn keeps(&mut self, local: Option<Local>, value: Option<(u64, usize)>) {
        if let Some(local) = local {
            self.frame.remove(&local);
            self.frame.extend(Some(local).zip(value));
        }
    }

    fn sets(&mut self, register: Register, value: Option<(u64, usize)>) {
        if register.is_gpr() {
            let full = register.full_register();
            self.plain[full.number()] = value;
            if is_frame(full) {
                self.frame.retain(|(base, _), _| *base != full);
            }
        }
    }
}

/// Returns the lowest bytes of the number, sign-extended.
pub fn signed(number: u64, bytes: u32) -> i64 {
    let rest = 64 - 8 * bytes.clamp(1, 8);
    (number << rest).cast_signed() >> rest
}
