//! Which branches ask for the value of a word of the file.

use iced_x86::{ConditionCode, FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::Tables;

/// Is a branch that compares a word, as it was loaded, with a constant.
#[derive(Clone, Copy)]
pub struct Test {
    pub at: u64,
    pub taken: u64,
    pub next: u64,
    pub condition: ConditionCode,
    pub with: i64,
}

/// Holds what is known at an instruction, without regard to branches.
#[derive(Default)]
pub struct Tested {
    /// The words that the registers hold as they were loaded.
    plain: [Option<u64>; 16],
    /// The word that was compared last, and the constant.
    question: Option<(u64, i64)>,
}

impl Tested {
    fn of(&self, register: Register) -> Option<u64> {
        let is_known = register.is_gpr();
        is_known.then(|| self.plain[register.full_register().number()])?
    }

    /// Follows an instruction; `word`: what it touches of the file.
    pub fn follows(&mut self, i: &Instruction, word: Option<u64>, tables: &mut Tables) {
        use Mnemonic as M;
        match i.flow_control() {
            FlowControl::Next => {}
            FlowControl::ConditionalBranch => {
                if let Some((word, with)) = self.question {
                    tables.tests.entry(word).or_default().push(Test {
                        at: i.ip(),
                        taken: i.near_branch_target(),
                        next: i.next_ip(),
                        condition: i.condition_code(),
                        with,
                    });
                }
                return;
            }
            _ => {
                *self = Self::default();
                return;
            }
        }
        let held = |n: u32| match i.op_kind(n) {
            OpKind::Register => self.of(i.op_register(n)),
            OpKind::Memory => word,
            _ => None,
        };
        match i.mnemonic() {
            M::Cmp => {
                let with = i.try_immediate(1).ok();
                let with = with.map(|with| signed(with, crate::operand::size_of(i, 0)));
                self.question = held(0).zip(with);
            }
            M::Test => {
                let is_same =
                    i.op1_kind() == OpKind::Register && i.op0_register() == i.op1_register();
                self.question = held(0).filter(|_| is_same).zip(Some(0));
            }
            M::Mov | M::Movzx | M::Movsx | M::Movsxd if i.op0_kind() == OpKind::Register => {
                let value = held(1);
                self.sets(i.op0_register(), value);
            }
            _ => {
                if i.rflags_modified() != 0 {
                    self.question = None;
                }
                let is_exchange = matches!(i.mnemonic(), M::Xchg | M::Xadd);
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

    fn sets(&mut self, register: Register, value: Option<u64>) {
        if register.is_gpr() {
            self.plain[register.full_register().number()] = value;
        }
    }
}

/// Returns the lowest bytes of the number, with their sign.
pub fn signed(number: u64, bytes: u32) -> i64 {
    let rest = 64 - 8 * bytes.clamp(1, 8);
    (number << rest).cast_signed() >> rest
}
