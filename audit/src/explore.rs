//! Walks a function along each way that can be taken, with what is known of registers and stack, and the functions that
//! it calls.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory};

use crate::allow::Allow;
use crate::assume::{Assumptions, Extent, Pointer};
use crate::callee::Callee;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::frame::Frame;
use crate::hash::{Map, Set};
use crate::index::Index;
use crate::loops;
use crate::mask::{Change, Saved, Signals};
use crate::mixture::Pass;
use crate::nested::Word;
use crate::nesting::Nesting;
use crate::private::Part;
use crate::state::{Before, Errno, State, Words};
use crate::summary::Summary;
use crate::value::{Base, Value};

/// Holds a function with what was found in it, called in one way.
pub struct Node {
    pub image: u16,
    pub start: u64,
    pub findings: Vec<Finding>,
    pub calls: Vec<(u64, usize)>,
    pub summary: Summary,
    pub errno_cause: Option<(u64, String)>,
    /// Control flow; empty of a function that is too large to say why it goes somewhere.
    pub edges: Map<u64, Vec<u64>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    image: u16,
    start: u64,
    arguments: [Value; 6],
    errno: Errno,
    given: Vec<Given>,
    looked: Words,
    is_handler: bool,
}

/// Is a word of the caller's stack: where, how wide, and what.
pub type Given = (i64, u8, Value);

/// Holds a call that has not come back yet.
pub struct Active {
    pub function: (u16, u64),
    pub arguments: [Value; 6],
}

/// Holds a call or a store that a watch asked for.
pub struct Hit {
    pub at: u64,
    pub callee: Callee,
    pub state: State,
}

/// Says what to record of the function that is explored first.
#[derive(Default)]
pub struct Watch {
    /// Calls of functions of the C library that install handlers, and of these functions.
    pub functions: HashSet<(u16, u64)>,
    /// Stores to these addresses.
    pub stores: HashSet<u64>,
    pub hits: Vec<Hit>,
    pub stored: Vec<(u64, u64, Value)>,
    /// The instructions that were walked before what exceptions lead to, if there is such code.
    pub steps_before: Option<usize>,
}

/// Says how far the exploration goes.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Instructions in all that are explored with as many states kept apart as the rounds of two loops, one in the other.
    pub wide: usize,
    /// States kept apart at one instruction.
    pub apart: usize,
    /// Instructions of one function explored with states kept apart.
    pub exact: usize,
    /// Instructions in all.
    pub total: usize,
    /// Calls within calls.
    pub depth: usize,
}

impl Limits {
    /// Returns how many states to keep apart after so many instructions, in all and of one function.
    pub const fn apart(&self, steps: usize, of_function: usize) -> usize {
        const WIDE: usize = 400;
        if steps < self.wide {
            WIDE
        } else if of_function < self.exact {
            self.apart
        } else {
            0
        }
    }
}

pub struct Explorer<'a> {
    pub files: &'a mut Files,
    pub index: &'a mut Index,
    pub allow: &'a Allow,
    pub limits: Limits,
    pub nodes: Vec<Node>,
    pub watch: Option<Watch>,
    /// What the reviewer states.
    pub assumptions: Option<&'a Assumptions>,
    /// The statements that were relied on, by their numbers.
    pub relied: BTreeMap<usize, Extent>,
    /// The pointers that were loaded through others which are stated to be valid.
    pub pointers: Vec<Pointer>,
    pub statements: HashMap<Pointer, String>,
    /// The places that are stored to through a word of a file, by their offset, each with an instruction that does so.
    pub stored_through: BTreeMap<(u16, u64, i64), (u16, u64)>,
    /// The words that the handler stores one after the other, other than flags, each pair with an instruction that stores the second.
    pub pairs: BTreeMap<(u16, [u64; 2]), (u16, u64)>,
    /// Whether a word of the file is taken to hold what the file and its instructions are seen to put there.
    ///
    /// What is wrong then is wrong in a run of the program; what is not wrong then says nothing.
    pub supposes: bool,
    /// The handler that is explored, and its signals.
    pub handler: (u16, u64),
    pub signals: Signals,
    /// The objects that accesses are not shown to stay inside, by the file and the address of the instruction.
    pub objects: HashMap<(u16, u64), (u64, u64)>,
    /// The objects that accesses are seen to leave with the one signal that is explored.
    pub left: Map<(u16, u64), (u64, u64)>,
    /// What each function that installs the handler may have stored before.
    pub before: Vec<Before>,
    /// The functions that install the handler.
    pub installers: BTreeSet<(u16, u64)>,
    /// Whether the handler is given a siginfo and a ucontext: if `SA_SIGINFO` is set. `None`: not known.
    pub has_info: Option<bool>,
    /// Whether the handler may be interrupted by itself, and why.
    pub nesting: Nesting,
    /// The signals of which it is asked whether the handler unblocks one: once it may do so, nothing more is read.
    pub asked: Option<Signals>,
    /// The signals that would run the handler again if it raised them; empty: none, or not known.
    pub own_signals: BTreeSet<i64>,
    /// The signal that is explored alone, if it ends the process by default.
    pub deadly: Option<i64>,
    /// Whether the handler was seen to end the process by it.
    pub is_ended: bool,
    /// Whether each call that installs the handler sets `SA_RESETHAND`.
    pub is_reset: bool,
    /// Whether the handler calls what installs handlers.
    pub installs: bool,
    /// The stores of pointers into what is gone when the handler has returned, each with the word that keeps it.
    pub kept: Map<(u16, u64), (u16, u64)>,
    /// The stores that may belong together with others, each with the data that both are in, if that is of one file.
    pub torn: Map<(u16, u64), Vec<Option<Part>>>,
    /// The addresses of data that are put where others may find them, by the file.
    pub published: BTreeSet<(u16, i64, i64)>,
    /// The words of files to which anything else is stored, each with an instruction that does so.
    pub stored_else: BTreeMap<(u16, u64), (u16, u64)>,
    /// The stores to data of files: the file, the lowest and the highest address and the width, each with an instruction.
    pub stored: BTreeMap<(u16, u64, u64, u64), (u16, u64)>,
    /// The loads of writable data of files by an address that is known: the file, the word and the width, each with an instruction.
    pub loads: BTreeMap<(u16, u64, u64), (u16, u64)>,
    /// The loads of elements that an index chooses, by the file and the lowest address, each with an instruction.
    pub elements: BTreeMap<(u16, u64), (u16, u64)>,
    /// The instructions that compare a word of a file and exchange it, by the word.
    pub exchanges: BTreeMap<(u16, u64), BTreeSet<(u16, u64)>>,
    /// The places that each instruction loads from or stores to, from the lowest to the highest.
    pub places: Map<(u16, u64), (Base, i64, i64)>,
    /// The calls that read a block, by the place of the call.
    pub passes: Map<(u16, u64), Pass>,
    /// What pointers of files lead to, of those that were asked about.
    pub targets: Map<(u16, u64), Option<crate::pointed::Targets>>,
    /// The numbers of files that are taken to be never negative, and those that are not.
    pub counters: BTreeSet<(u16, u64)>,
    pub not_counters: BTreeSet<(u16, u64)>,
    /// The stores to data of files that are not of a whole number which is not negative: the file, and between which addresses.
    pub odd_stores: BTreeSet<(u16, u64, u64)>,
    /// The words that choose to which element of an array an instruction stores.
    pub appended_by: BTreeMap<(u16, u64), Option<u64>>,
    /// Whether nothing but the handler changes a number of a file while it runs a function, of those that were asked about.
    pub kept_meanwhile: Map<(u16, u64, u64), bool>,
    /// The instructions that load a word of a file, by the word, of a handler that may interrupt itself.
    pub loaded: Map<(u16, u64), Set<u64>>,
    /// The stores of what such an instruction loaded, changed, each with the word.
    pub lost: Map<(u16, u64), Word>,
    /// What calls do to the set of blocked signals; while handlers are searched for, those of the function that is explored first.
    pub masks: Map<(u16, u64), Change>,
    pub saved: Saved,
    /// The functions that are called through words which the dynamic loader may fill as late as at the first call.
    pub bound_late: BTreeSet<String>,
    /// Whether digits and texts are followed to where they end; then the arrays that they go to are asked for.
    pub follows_texts: bool,
    /// Whether what a call of the kernel returns is told apart: an error, with errno, or a success, without.
    pub tells_errors: bool,
    /// Whether the handler is seen to put errno back, and whether it ends the process after an error without that.
    pub puts_back: bool,
    pub ends_by_error: bool,
    /// Whether a number was seen to be divided again and again, as where digits are made of it.
    pub is_reduced: bool,
    memo: Map<Key, usize>,
    pub contexts: Map<(u16, u64), usize>,
    /// The arguments that all calls of a function have in common.
    common: Map<(u16, u64), [Value; 6]>,
    pub active: Vec<Active>,
    pub steps: usize,
    decoded: Map<(u16, u64), Instruction>,
    pub factory: InstructionInfoFactory,
}

/// Instructions of the largest function of which the control flow is kept.
const MOST_EDGES: usize = 3_000;

impl<'a> Explorer<'a> {
    pub fn new(
        files: &'a mut Files,
        index: &'a mut Index,
        allow: &'a Allow,
        limits: Limits,
    ) -> Self {
        Self {
            files,
            index,
            allow,
            limits,
            nodes: Vec::new(),
            watch: None,
            assumptions: None,
            relied: BTreeMap::new(),
            pointers: Vec::new(),
            statements: HashMap::new(),
            stored_through: BTreeMap::new(),
            pairs: BTreeMap::new(),
            supposes: false,
            handler: (0, 0),
            signals: 0,
            objects: HashMap::new(),
            left: Map::default(),
            before: Vec::new(),
            installers: BTreeSet::new(),
            has_info: Some(true),
            nesting: Nesting::default(),
            asked: None,
            own_signals: BTreeSet::new(),
            deadly: None,
            is_ended: false,
            is_reset: false,
            installs: false,
            kept: Map::default(),
            torn: Map::default(),
            published: BTreeSet::new(),
            stored_else: BTreeMap::new(),
            stored: BTreeMap::new(),
            loads: BTreeMap::new(),
            elements: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            places: Map::default(),
            passes: Map::default(),
            targets: Map::default(),
            counters: BTreeSet::new(),
            not_counters: BTreeSet::new(),
            odd_stores: BTreeSet::new(),
            appended_by: BTreeMap::new(),
            kept_meanwhile: Map::default(),
            loaded: Map::default(),
            lost: Map::default(),
            masks: Map::default(),
            saved: Saved::default(),
            bound_late: BTreeSet::new(),
            follows_texts: true,
            tells_errors: false,
            puts_back: false,
            ends_by_error: false,
            is_reduced: false,
            memo: Map::default(),
            contexts: Map::default(),
            common: Map::default(),
            active: Vec::new(),
            steps: 0,
            decoded: Map::default(),
            factory: InstructionInfoFactory::new(),
        }
    }

    /// Returns how many functions are being walked, each called by the one before.
    pub fn depth(&self) -> usize {
        self.active.len()
    }

    /// Explores the function and returns its node.
    pub fn function(
        &mut self,
        image: u16,
        start: u64,
        arguments: &[Value; 6],
        errno: Errno,
        is_handler: bool,
    ) -> usize {
        let before = (errno, &[][..], Rc::default());
        self.called(image, start, arguments, before, is_handler)
    }

    /// Explores a function that is called with this `errno`, with words of its caller's stack, by their offsets from the return
    /// address, and with words of files that were seen not to be null.
    pub fn called(
        &mut self,
        image: u16,
        start: u64,
        arguments: &[Value; 6],
        (errno, given, looked): (Errno, &[Given], Words),
        is_handler: bool,
    ) -> usize {
        let mut key = Key {
            image,
            start,
            arguments: arguments.clone(),
            errno,
            given: given.to_vec(),
            looked,
            is_handler,
        };
        // In how many ways a function is explored, before what differs between its calls counts as unknown.
        const MOST: usize = 10;
        const MOST_OF_SHORT: usize = 100;
        // Bytes of a short function, as those that a debug build does not inline.
        const SHORT: u64 = 192;
        if let Some(&known) = self.memo.get(&key) {
            return known;
        }
        let contexts = self.contexts.entry((image, start)).or_default();
        *contexts += 1;
        let common = self.common.entry((image, start));
        let common = common.or_insert_with(|| arguments.clone());
        for (known, argument) in common.iter_mut().zip(arguments) {
            if known != argument {
                *known = Value::UNKNOWN;
            }
        }
        let length = self.files.image(image).function_at(start);
        let is_short = length.is_some_and(|(start, end)| end - start <= SHORT);
        if *contexts > if is_short { MOST_OF_SHORT } else { MOST } {
            key.arguments = common.clone();
            if let Some(&known) = self.memo.get(&key) {
                return known;
            }
        }
        let mut frame = Frame::new(image, self.files.image(image), start, is_handler);
        self.active.push(Active {
            function: (image, start),
            arguments: key.arguments.clone(),
        });
        let mut state = State::new(&key.arguments, errno);
        state.looked = key.looked.clone();
        for (at, width, value) in given {
            state.put_slot(*at, *width, value.clone());
        }
        if is_handler && self.is_reset {
            state.defaulted = self.deadly;
        }
        let entered = state.registers.clone();
        self.walk(&mut frame, state);
        self.active.pop();
        // Who searches for handlers does not ask what is wrong.
        if self.watch.is_none() {
            self.judge_arrays(&mut frame);
            frame.report_strays();
        }
        let mut summary = Summary::of(&frame, errno, &entered);
        if self.watch.is_none() {
            summary.spread = self.judge_neighbours(&mut frame);
            let decoded = |at| self.decoded.get(&(image, at)).copied();
            loops::judge(&mut frame, &decoded);
            summary.result = loops::result(&frame, &decoded);
        }
        let id = self.nodes.len();
        self.nodes.push(Node {
            image,
            start,
            findings: frame.findings,
            calls: frame.calls,
            summary,
            errno_cause: frame.errno_cause,
            edges: if frame.edges.len() <= MOST_EDGES && self.watch.is_none() {
                frame.edges
            } else {
                Map::default()
            },
        });
        self.memo.insert(key, id);
        id
    }

    /// Returns an instruction that was walked.
    pub fn instruction_at(&self, image: u16, at: u64) -> Option<Instruction> {
        self.decoded.get(&(image, at)).copied()
    }

    pub fn decode(&mut self, frame: &mut Frame, at: u64) -> Option<Instruction> {
        if let Some(known) = self.decoded.get(&(frame.number, at)) {
            return Some(*known);
        }
        if !frame.image.is_code(at) {
            frame.doubt(
                Kind::Undecodable,
                at,
                "control goes where the file has no code",
                "audit the file that has it",
            );
            return None;
        }
        let bytes = frame.image.bytes(at);
        let bytes = &bytes[..bytes.len().min(16)];
        let instruction = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
        if frame.image.region(at).is_some_and(|r| r.write) {
            frame.find(
                Kind::Undecodable,
                Weight::Fault,
                at,
                "is code in memory that can be written while it runs",
            );
        } else if frame.image.has_text_relocations {
            frame.doubt(
                Kind::Undecodable,
                at,
                "is code that may be changed before it runs",
                "code in read-only memory",
            );
        }
        if instruction.is_invalid() {
            frame.find(
                Kind::Undecodable,
                Weight::Fault,
                at,
                "is no instruction of x86-64",
            );
            return None;
        }
        self.decoded.insert((frame.number, at), instruction);
        Some(instruction)
    }
}
