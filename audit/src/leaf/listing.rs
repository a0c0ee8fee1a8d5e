//! Instructions as text that is the same wherever the linker puts the code.

use iced_x86::{Formatter, Instruction, IntelFormatter, SymbolResolver, SymbolResult};

use super::elf::Binary;
use super::place;
use super::walk::{Function, Step};

/// An instruction with names in place of addresses, and offsets from the function's start in place of branch targets.
pub fn text(binary: &Binary, function: &Function, step: &Step) -> String {
    let names = Names {
        origin: function.symbol.address,
        size: function.symbol.size,
        labels: labels(binary, step),
    };
    let mut formatter = IntelFormatter::with_options(Some(Box::new(names)), None);
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_show_branch_size(false);
    options.set_first_operand_char_index(8);
    let mut text = String::new();
    formatter.format(&step.instruction, &mut text);
    text
}

fn labels(binary: &Binary, step: &Step) -> Vec<(u64, String)> {
    let instruction = &step.instruction;
    let mut labels = Vec::new();
    if let Some((_, target)) = &step.leaves
        && let Some(name) = target.name(binary)
    {
        labels.push((instruction.near_branch_target(), name.clone()));
        labels.push((instruction.ip_rel_memory_address(), format!("{name}@got")));
    }
    if instruction.is_ip_rel_memory_operand() {
        let address = instruction.ip_rel_memory_address();
        let name = match binary.object_at(address) {
            Some(symbol) if symbol.address == address => symbol.name.clone(),
            Some(symbol) => format!(
                "{}{}",
                symbol.name,
                place::offset((address - symbol.address).cast_signed())
            ),
            None => binary
                .section_name(address)
                .unwrap_or_else(|| "nowhere".into()),
        };
        labels.push((address, name));
    }
    labels
}

struct Names {
    origin: u64,
    size: u64,
    labels: Vec<(u64, String)>,
}

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        if address_size < 8 {
            return None;
        }
        if let Some((_, name)) = self.labels.iter().find(|(known, _)| *known == address) {
            return Some(SymbolResult::with_str(address, name));
        }
        let inside = address.wrapping_sub(self.origin);
        (instruction.near_branch_target() == address && inside < self.size)
            .then(|| SymbolResult::with_string(address, place::offset(inside.cast_signed())))
    }
}
