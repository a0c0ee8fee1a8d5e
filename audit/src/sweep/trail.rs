//! The elements of tables and lists that the program reaches by the value of a word, before or after it changes the word.

use crate::hash::Map;

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::Tables;
use super::instruction::is_store;
use super::known::Local;
use crate::image::Image;

/// Describes the contents of a register or of a word of the frame.
#[derive(Clone, Copy, Default)]
struct Traced {
    /// The word whose value is held, perhaps masked or scaled, and whether the word was stored to since.
    index: Option<(u64, bool)>,
    /// The table whose address is a part of the held value.
    table: Option<u64>,
    /// The word by whose value the held value was found in an element of a table or a node of a list.
    next: Option<u64>,
}

impl Traced {
    fn plus(self, other: Self) -> Self {
        Self {
            index: self.index.or(other.index),
            table: self.table.or(other.table),
            next: None,
        }
    }

    /// Returns the contents after a number is added: unknown for a mere index, unchanged for an address in an element of a table.
    fn moved(self) -> Self {
        match self.table {
            Some(_) => self,
            None => Self::default(),
        }
    }
}

/// Holds the known contents of registers and the frame at an instruction, without regard to branches.
#[derive(Default)]
pub struct Trail {
    registers: [Traced; 16],
    spilled: Map<Local, Traced>,
}

impl Trail {
    fn of(&self, register: Register) -> Traced {
        match register.is_gpr32() || register.is_gpr64() {
            true => self.registers[register.full_register().number()],
            false => Traced::default(),
        }
    }

    /// Returns the index and the table from which the address of the memory operand is computed.
    fn address(&self, image: &Image, i: &Instruction) -> Traced {
        let sum = self.of(i.memory_base()).plus(self.of(i.memory_index()));
        let fixed = i.memory_displacement64();
        let is_table = image.is_fixed && image.is_writable(fixed);
        Traced {
            table: sum.table.or(is_table.then_some(fixed)),
            ..sum
        }
    }

    /// Follows an instruction; `named`: the word that it touches, `local`: the place of the frame.
    pub fn follows(
        &mut self,
        image: &Image,
        i: &Instruction,
        (named, local): (Option<u64>, Option<Local>),
        tables: &mut Tables,
    ) {
        use Mnemonic as M;
        match i.flow_control() {
            FlowControl::Next => {}
            FlowControl::ConditionalBranch => return,
            FlowControl::Call | FlowControl::IndirectCall => {
                for scratch in [0, 1, 2, 6, 7, 8, 9, 10, 11] {
                    self.registers[scratch] = Traced::default();
                }
                return;
            }
            _ => {
                *self = Self::default();
                return;
            }
        }
        let word = named.filter(|word| image.is_writable(*word));
        let is_local = local.is_some();
        if is_store(i) && !is_local {
            self.stores(image, i, named, tables);
        }
        let to = match i.op0_kind() {
            OpKind::Register if i.op0_register().is_gpr() => {
                Some(i.op0_register().full_register().number())
            }
            _ => None,
        };
        let other = match i.op1_kind() {
            OpKind::Register => self.of(i.op1_register()),
            OpKind::Memory if is_local => {
                let held = local.and_then(|local| self.spilled.get(&local));
                held.copied().unwrap_or_default()
            }
            OpKind::Memory if word.is_some() => Traced {
                index: word.map(|word| (word, false)),
                ..Traced::default()
            },
            OpKind::Memory => Traced {
                next: self.address(image, i).index.map(|(word, _)| word),
                ..Traced::default()
            },
            _ => Traced::default(),
        };
        match (i.mnemonic(), to, local) {
            (M::Cmp | M::Test | M::Bt | M::Cdqe, ..) => {}
            (M::Push | M::Pop, ..) => self.spilled.retain(|(base, _), _| *base != Register::RSP),
            (M::Mov, None, Some(local)) => {
                self.spilled.insert(local, other);
            }
            (M::Xadd, None, None) => {
                let after = word.map(|word| (word, true));
                let to = i.op1_register().full_register().number();
                self.registers[to] = Traced {
                    index: after,
                    ..Traced::default()
                };
            }
            (M::Mov | M::Movzx | M::Movsxd, Some(to), _) => self.registers[to] = other,
            (M::And | M::Shl | M::Sal, Some(to), _) if i.op1_kind() != OpKind::Register => {
                self.registers[to].next = None;
            }
            (M::Lea, Some(to), _) => {
                self.registers[to] = if let Some(table) = named.filter(|_| word.is_some()) {
                    Traced {
                        table: Some(table),
                        ..Traced::default()
                    }
                } else {
                    let sum = self.address(image, i);
                    match i.memory_displacement64() {
                        0 => sum,
                        _ => sum.moved(),
                    }
                };
            }
            (M::Add, Some(to), _) if i.op1_kind() == OpKind::Register => {
                self.registers[to] = self.registers[to].plus(other);
            }
            (M::Add, Some(to), _) => self.registers[to] = self.registers[to].moved(),
            (M::Cmpxchg | M::Mul | M::Imul | M::Div | M::Idiv | M::Cdq | M::Cqo, ..) => {
                self.registers[Register::RAX.number()] = Traced::default();
                self.registers[Register::RDX.number()] = Traced::default();
                if let Some(to) = to {
                    self.registers[to] = Traced::default();
                }
            }
            (_, Some(to), _) => self.registers[to] = Traced::default(),
            (_, None, Some(local)) => {
                self.spilled.remove(&local);
            }
            (M::Xchg, None, None) => {
                self.registers[i.op1_register().full_register().number()] = Traced::default();
            }
            _ => {}
        }
    }

    /// Notes a store to an element whose index word the program changed before the store. Also notes an exchange of a list's head
    /// for the next pointer of its first node.
    fn stores(&mut self, image: &Image, i: &Instruction, named: Option<u64>, tables: &mut Tables) {
        let Some(word) = named.filter(|word| image.is_writable(*word)) else {
            let address = self.address(image, i);
            // A register may have held the table's address since before a jump.
            let table = named
                .map(super::element)
                .filter(|at| image.is_writable(*at));
            if let (Some((index, true)), Some(table)) = (address.index, address.table.or(table)) {
                let late = tables.late.entry(index).or_default();
                late.push((table, i.ip()));
            }
            return;
        };
        if i.mnemonic() == Mnemonic::Cmpxchg && self.of(i.op1_register()).next == Some(word) {
            tables.pops.entry(word).or_default().push(i.ip());
        }
        for held in self.registers.iter_mut().chain(self.spilled.values_mut()) {
            if let Some((of, is_stale)) = &mut held.index
                && *of == word
            {
                *is_stale = true;
            }
        }
    }
}
